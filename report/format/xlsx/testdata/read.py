"""Reads a workbook as a strict reader would and fails on what must not be there."""
import sys
import warnings

import openpyxl

warnings.simplefilter("error")
book = openpyxl.load_workbook(sys.argv[1])
tabs = ["Cover", "Read me", "Dashboard", "Scope", "Controls", "Matrix", "Findings", "Results", "Evidence", "Methods", "Crosswalk", "Run log", "Integrity"]
assert book.sheetnames == tabs, book.sheetnames
assert book.active.title == "Cover"
assert book.properties.identifier and book.properties.language == "en-US"
cells = 0
for sheet in book:
    assert sheet.protection.sheet, sheet.title
    for row in sheet.iter_rows():
        for cell in row:
            cells += 1
            assert cell.data_type != "f", (sheet.title, cell.coordinate)
            if isinstance(cell.value, str):
                assert len(cell.value.encode("utf-16-le")) // 2 <= 32766, (sheet.title, cell.coordinate)
    for link in sheet._hyperlinks:
        assert link.target is None and link.location, (sheet.title, link.ref)
    if sheet.title not in ("Cover", "Dashboard"):
        assert len(sheet.tables) == 1, sheet.title
        assert sheet.freeze_panes and sheet["A5"].value, sheet.title
assert cells > 500, cells
# A reader that streams must come to the same end.
stream = openpyxl.load_workbook(sys.argv[1], read_only=True)
for sheet in stream:
    assert sum(1 for _ in sheet.iter_rows()) == book[sheet.title].max_row, sheet.title
