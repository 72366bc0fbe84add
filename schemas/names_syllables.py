"""The shape of Vietnamese syllables, and those that are common in names of office files."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_TONES = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
_CLOSING_TONES = {"\u0301", "\u0323"}
_ONSET = r"(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdđghklmnprstvx])?"
_OPEN = "[aeêioôơuưy]|[iyuư]a|oa|oe|uê|uơ|uya?"
_GLIDES = "[aeo]o|a[iyu]|â[yu]|[êiư]u|[oôơuư]i|oa[iyo]|oeo|[iy]êu|uôi|ươ[iu]|uây|uyu"
_BEFORE_MNPT = "[aăâeêioôơuưy]|oa|oă|oe|uâ|uê|uyê?|[iy]ê|uô|ươ"
_BEFORE_NG = "[aăâeoôuư]|oa|oă|oo|uâ|[iy]ê|uô|ươ"
_BEFORE_NH = "o?a|u?ê|i|u?y"
_SYLLABLE = re.compile(
    rf"{_ONSET}(?:{_OPEN}|{_GLIDES}|(?:{_BEFORE_MNPT})[mnpt]"
    rf"|(?:{_BEFORE_NG})(?:ng|c|k)|(?:{_BEFORE_NH})(?:nh|ch))"
)
_TONE_ON_GLIDE = re.compile(
    r"(?!gi|qu).*[aeo\u0302\u0306\u031b][iyou][\u0300\u0301\u0303\u0309\u0323]"
)
_CLOSED = re.compile(r".*(?:[cptk]|ch)")

_COMMON = """
ban biên biến biển biểu biện bàn bào bán báo bãi bên bình bí bút bạn bản bảng bảo bất bầu bậc
bắc bắt bằng bế bến bề bệnh bị bỏ bố bồi bổ bộ bởi cao chi chiếc chiến chiếu chiều chung
chuyên chuyến chuyển chuyện chào chá chánh chí chính chó chú chúc chúng chương chấp chất chậm
chế chỉ chỉnh chị chọn chống chồng chỗ chợ chụp chủ chứ chức chứng chữ chữa con cuối cuộc cá
các cách cán cáo còn cô công cũ cơ cư cường cạnh cải cảng cảnh cấm cấp cấu cần cầu cậu cố cổ
cộng của cứ cứu cử cửa diễn diện diệt do doanh duyệt dài dân dã dò dõi dùng dư dương dưới
dưỡng dạng dấu dầu dẫn dịch dụng dữ dự ghi gian giao giá giám giáo giáp giải giảm giản giấy
giống giới giờ giữ giữa gây gói góp gần gặp gốc gồm gửi hai hiến hiểu hiện hiệu hoà hoàn hoá
hoạch hoạt hoặc huyện huấn huỷ hà hàng hành hãy hình hòa hóa hưng hương hướng hưởng hạ hại hạn
hạng hạt hải hậu hằng hẹn hết hệ họ học họp hỏi hồ hồi hỗ hộ hội hợi hợp hủy hữu in khai khen
khiếu khiển khoa khoá khoáng khoản khu khuyến khác khái khám kháng khánh khí khó khóa không
khảo khẩn khẩu khối khởi kinh kiến kiều kiểm kiệm kiện kèm kê kì kí kính ký kĩ kế kết kỉ kịch
kỳ kỷ kỹ liên liệt liệu loại luận luật là làm lá lâm lãi lãnh lí lô lúc lý lũ lưu lương lược
lượng lần lầu lập lễ lệ lệnh lịch lối lỗi lộ lớp lời lợi lục lực mang mua máy mã môi môn mùa
mạng mạnh mất mẫu mật mặc mặt mỗi một mới mời mở mục mức mừng nam nhiều nhiệm nhu nhà nhân như
nhưng nhất nhận nhập nhật những niên niệm này nâng nên nói nông năm năng nơi nước nạp nắng
nặng nếu nền nổi nội nộp nợ nửa nữ phim phiên phiếu phong phá phái pháp phát phân phép phê phí
phía phòng phó phút phương phường phạm phạt phải phản phần phẩm phận phố phối phổ phụ phục phủ
phức qua quan quyết quyền quyển quá quán quân quét quê quí quý quả quản quận quốc quỹ ra rõ
rồi rời rừng sai sao sau sinh soát soạn sách sáng sông sĩ sơ sơn sản sắc sắp sẵn sẽ số sống sổ
sở sứ sức sử sửa sự thai tham thanh thay theo thi thiết thiếu thiện thiệt thiệu thu thuê thuận
thuật thuế thuộc thuỷ thành thái tháng thân thêm thì thí thôi thôn thông thú thăm thơ thư
thương thường thưởng thạch thảm thảo thấp thất thần thầy thẩm thẩn thập thật thắng thẻ thế thể
thị thống thời thợ thụ thủ thủy thứ thức thừa thử thực tin tiêm tiên tiêu tiếc tiến tiếng tiếp
tiết tiếu tiền tiểu toà toàn toán trang tranh trao triển triệu trong trung truyền truyện trách
trái trên trình trích tròn trú trưng trương trước trường trưởng trại trạm trạng trả trị trọng
trở trợ trụ trừ trữ trực tuyên tuyến tuyển tuần tuổi tài tàu tác tám tâm tân tên tìm tình tích
tính tòa tôi tù tú tăng tư tương tướng tưởng tượng tại tạm tạo tải tấm tất tầng tập tặng tế
tết tệ tỉnh tố tối tốt tổ tổng tội tới tờ tứ từ tử tự uỷ vinh viên viết việc viện việt vàng vì
vòng vô vùng văn vĩnh vấn vẫn vận vật vậy vắng về vệ vị vốn với vụ vực xa xin xoá xuân xuất
xác xây xã xét xóa xăng xưng xưởng xếp xứ xứng xử yên yêu yếu án áp âm ích ông ý đa điền điều
điểm điện đoàn đoạn đài đàm đào đánh đáp đây đêm đình đính đó đón đóng đô đúng đăk đăng đơn
đưa đường được đại đạo đạt đảng đảo đất đấu đấy đầu đẩy đặc đặt đến đề đền đều để địa định đọc
đối đồ đồng đổi độ độc đội động đời đợi đợt đủ đức đứng ưng ưu ảnh ấn ẩm ở ủng ủy
"""

COMMON = frozenset(_COMMON.split())
"""Common in the names of office files; a reading made of these is hardly a coincidence."""


@lru_cache(maxsize=4096)
def is_syllable(word: str) -> bool:
    """Whether a lower-case word has the shape of one Vietnamese syllable."""
    decomposed = unicodedata.normalize("NFD", word)
    tones = [mark for mark in decomposed if mark in _TONES]
    if len(tones) > 1:
        return False
    bare = "".join(mark for mark in decomposed if mark not in _TONES)
    bare = unicodedata.normalize("NFC", bare)
    if not _SYLLABLE.fullmatch(bare) or _TONE_ON_GLIDE.fullmatch(decomposed):
        return False
    closed = _CLOSED.fullmatch(bare) is not None and len(bare) > 1
    return not (closed and tones and tones[0] not in _CLOSING_TONES)
