"""Makes submission packages (*gói nộp*, SIP_hoso) from a folder and a list, at the submitter's."""
