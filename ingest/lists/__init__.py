"""Lists of dossiers and documents (*mục lục hồ sơ*, *mục lục văn bản*) in spreadsheets."""
