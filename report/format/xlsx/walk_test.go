package xlsx_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/format/cell"
	"github.com/fleetaudit/fleetaudit/report/format/formattest"
	"github.com/fleetaudit/fleetaudit/report/format/xlsx"
)

// The whole file is walked, part by part and cell by cell, for what must never be in it, whatever hosts say.
func TestWalk(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]*report.Assessment{"fixture": formattest.Fixture(), "hostile": formattest.Hostile(), "empty": formattest.Empty()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parts := unzip(t, written(t, a, xlsx.Options{}))
			styles := quotedStyles(t, parts["xl/styles.xml"])
			sheets := 0
			for part, data := range parts {
				walkXML(t, part, data)
				switch {
				case strings.HasSuffix(part, ".rels"):
					walkRels(t, part, data)
				case path.Dir(part) == "xl/worksheets":
					sheets++
					walkSheet(t, part, data, styles)
				}
			}
			if sheets != len(tabs) {
				t.Errorf("%d sheets walked, want %d", sheets, len(tabs))
			}
		})
	}
}

func unzip(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]byte{}
	for _, f := range r.File {
		in, err := f.Open()
		check(t, err)
		b, err := io.ReadAll(in)
		check(t, err)
		parts[f.Name] = b
	}
	return parts
}

// walkXML checks that a part is XML that any reader takes: well-formed, and no characters but legal ones.
func walkXML(t *testing.T, part string, data []byte) {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(data))
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", part, err)
		}
		if text, ok := tok.(xml.CharData); ok && strings.ContainsAny(string(text), "\x00\x1b\u202e\u200b\ufffe\uffff") {
			t.Errorf("%s: holds a character that must be shown: %.60q", part, text)
		}
	}
}

// walkRels checks that nothing leads out of the workbook.
func walkRels(t *testing.T, part string, data []byte) {
	t.Helper()
	var rels struct {
		Relationship []struct {
			Target     string `xml:"Target,attr"`
			TargetMode string `xml:"TargetMode,attr"`
		}
	}
	check(t, xml.Unmarshal(data, &rels))
	for _, r := range rels.Relationship {
		if r.TargetMode != "" || strings.Contains(r.Target, ":") {
			t.Errorf("%s: leads out: %+v", part, r)
		}
	}
}

type sheetXML struct {
	Rows []struct {
		R     int `xml:"r,attr"`
		Cells []struct {
			R    string  `xml:"r,attr"`
			S    int     `xml:"s,attr"`
			T    string  `xml:"t,attr"`
			F    *string `xml:"f"`
			Text string  `xml:"is>t"`
		} `xml:"c"`
	} `xml:"sheetData>row"`
	Links []struct {
		Ref      string `xml:"ref,attr"`
		Location string `xml:"location,attr"`
		ID       string `xml:"id,attr"`
	} `xml:"hyperlinks>hyperlink"`
	Header     string    `xml:"headerFooter>oddHeader"`
	Footer     string    `xml:"headerFooter>oddFooter"`
	Protection *struct{} `xml:"sheetProtection"`
}

func walkSheet(t *testing.T, part string, data []byte, quoted map[int]bool) {
	t.Helper()
	var s sheetXML
	check(t, xml.Unmarshal(data, &s))
	if s.Protection == nil {
		t.Errorf("%s: not protected", part)
	}
	for _, hf := range []string{s.Header, s.Footer} {
		if n := len(utf16.Encode([]rune(hf))); n == 0 || n > 255 {
			t.Errorf("%s: header or footer of %d characters", part, n)
		}
	}
	for _, l := range s.Links {
		if l.ID != "" || !strings.HasPrefix(l.Location, "'") {
			t.Errorf("%s: link %+v does not stay in the workbook", part, l)
		}
	}
	for _, row := range s.Rows {
		for _, c := range row.Cells {
			if c.F != nil || c.T == "str" {
				t.Errorf("%s %s: a formula", part, c.R)
			}
			if c.T == "inlineStr" {
				walkText(t, part+" "+c.R, c.Text)
			}
			if first := firstRune(c.Text); first == '\'' && !quoted[c.S] {
				t.Errorf("%s %s: guarded text that an edit would make a formula: %.40q", part, c.R, c.Text)
			}
		}
	}
}

func walkText(t *testing.T, at, s string) {
	t.Helper()
	if n := len(utf16.Encode([]rune(s))); n > cell.MaxUnits {
		t.Errorf("%s: %d UTF-16 units", at, n)
	}
	if strings.ContainsRune("=+-@|%＝＋－＠\t\r\n", firstRune(s)) && s != "" {
		t.Errorf("%s: begins as a formula: %.60q", at, s)
	}
}

func firstRune(s string) rune {
	for _, r := range strings.TrimLeftFunc(s, unicode.IsSpace) {
		return r
	}
	return 0
}

// quotedStyles lists the cell styles that keep text as text when a cell is edited.
func quotedStyles(t *testing.T, data []byte) map[int]bool {
	t.Helper()
	var styles struct {
		Xf []struct {
			Quote string `xml:"quotePrefix,attr"`
		} `xml:"cellXfs>xf"`
		Dxf []struct{} `xml:"dxfs>dxf"`
	}
	check(t, xml.Unmarshal(data, &styles))
	out := map[int]bool{}
	for i, xf := range styles.Xf {
		out[i] = xf.Quote == "1" || xf.Quote == "true"
	}
	if len(styles.Dxf) > 12 {
		t.Errorf("%d conditional styles: they are not shared", len(styles.Dxf))
	}
	if len(styles.Xf) > 120 {
		t.Errorf("%d cell styles: they are not shared", len(styles.Xf))
	}
	return out
}

// The entries of the file are in one order with one time, so that equal content gives equal bytes.
func TestZipOrder(t *testing.T) {
	t.Parallel()
	data := written(t, formattest.Fixture(), xlsx.Options{})
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	check(t, err)
	var names []string
	for _, f := range r.File {
		names = append(names, f.Name)
		if f.ModTime().Year() > 1980 {
			t.Errorf("%s has a time: %v", f.Name, f.ModTime())
		}
	}
	if len(names) < 40 || names[0] != "[Content_Types].xml" || !slices.IsSorted(names[1:]) {
		t.Errorf("entries are not in order: %q", names)
	}
}
