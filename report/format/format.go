// Package format writes an assessment in the forms people and programs ask for. Each form is a Writer in the registry; the workbook
// lives in the sub-package xlsx because it alone needs a spreadsheet library.
//
// A writer decides nothing: verdicts, roll-ups and texts come from report.
package format
