package xlsx

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate" // about twice as fast as the standard library's, and the same bytes with every version of Go
)

// contentTypes is the part that lists the types of all others. The library writes its entries in a varying order.
const contentTypes = "[Content_Types].xml"

// maxPart is the largest part of a workbook in bytes, unpacked: beyond it a zip needs 64-bit headers, which spreadsheets are picky about.
const maxPart = math.MaxUint32

// parts collects the parts of a workbook, compressed, in a file beside the library's own temporary files, so that they can be written
// in one fixed order: the library hands them over in the order of its maps. It implements excelize.ZipWriter.
type parts struct {
	file    *os.File
	buf     *bufio.Writer
	offset  int64
	entries []part
	open    *part
	deflate *flate.Writer
}

// part is one entry: where its compressed bytes lie in the file.
type part struct {
	name             string
	offset           int64
	size, compressed uint64
	crc              uint32
	raw              *bytes.Buffer // for contentTypes alone: kept until it is sorted
}

func newParts(dir string) (*parts, error) {
	f, err := os.CreateTemp(dir, "parts-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("temporary file of the workbook: %w", err)
	}
	return &parts{file: f, buf: bufio.NewWriterSize(f, 1<<18)}, nil
}

// Create begins the part of the given name, ending the one before.
func (p *parts) Create(name string) (io.Writer, error) {
	if err := p.finish(); err != nil {
		return nil, err
	}
	p.open = &part{name: name, offset: p.offset}
	if name == contentTypes {
		p.open.raw = new(bytes.Buffer)
		return p.open.raw, nil
	}
	return p, p.begin()
}

// begin points the compressor at the place where the open part starts.
func (p *parts) begin() error {
	if p.deflate == nil {
		d, err := flate.NewWriter(countingWriter{p}, flate.DefaultCompression)
		if err != nil {
			return err
		}
		p.deflate = d
		return nil
	}
	p.deflate.Reset(countingWriter{p})
	return nil
}

// Write adds to the open part.
func (p *parts) Write(b []byte) (int, error) {
	p.open.size += uint64(len(b))
	if p.open.size > maxPart {
		return 0, &LimitError{What: "bytes of " + p.open.name, N: int(p.open.size), Limit: maxPart}
	}
	p.open.crc = crc32.Update(p.open.crc, crc32.IEEETable, b)
	return p.deflate.Write(b)
}

// countingWriter is the compressed side of a part.
type countingWriter struct{ p *parts }

func (c countingWriter) Write(b []byte) (int, error) {
	n, err := c.p.buf.Write(b)
	c.p.offset += int64(n)
	c.p.open.compressed += uint64(n)
	return n, err
}

// finish ends the open part, if there is one.
func (p *parts) finish() error {
	if p.open == nil {
		return nil
	}
	if raw := p.open.raw; raw != nil {
		p.open.raw = nil
		sorted, err := sortContentTypes(raw.Bytes())
		if err != nil {
			return err
		}
		if err := p.begin(); err != nil {
			return err
		}
		if _, err := p.Write(sorted); err != nil {
			return err
		}
	}
	if err := p.deflate.Close(); err != nil {
		return fmt.Errorf("compress %s: %w", p.open.name, err)
	}
	p.entries = append(p.entries, *p.open)
	p.open = nil
	return nil
}

// AddFS is asked for by the interface and never called.
func (p *parts) AddFS(fs.FS) error { return errors.ErrUnsupported }

// Close ends the last part. The workbook itself is written by writeTo.
func (p *parts) Close() error {
	if err := p.finish(); err != nil {
		return err
	}
	return p.buf.Flush()
}

// writeTo writes the zip: [Content_Types].xml first, as spreadsheets do, the rest by name, every entry with the zip epoch as its time.
func (p *parts) writeTo(w io.Writer) error {
	slices.SortFunc(p.entries, func(a, b part) int {
		if (a.name == contentTypes) != (b.name == contentTypes) {
			if a.name == contentTypes {
				return -1
			}
			return 1
		}
		return strings.Compare(a.name, b.name)
	})
	zw := zip.NewWriter(w)
	for _, e := range p.entries {
		out, err := zw.CreateRaw(&zip.FileHeader{
			Name: e.name, Method: zip.Deflate, CRC32: e.crc, CompressedSize64: e.compressed, UncompressedSize64: e.size,
			ModifiedDate: 0x21, //nolint:staticcheck // 1980-01-01; CreateRaw takes a header as it is and does not look at Modified
		})
		if err != nil {
			return fmt.Errorf("zip %s: %w", e.name, err)
		}
		if _, err := io.Copy(out, io.NewSectionReader(p.file, e.offset, int64(e.compressed))); err != nil {
			return fmt.Errorf("zip %s: %w", e.name, err)
		}
	}
	return zw.Close()
}

// discard closes the temporary file; the folder it lies in is removed by its owner.
func (p *parts) discard() error { return p.file.Close() }

// sortContentTypes puts the entries of [Content_Types].xml in order: defaults by extension, then overrides by part.
func sortContentTypes(b []byte) ([]byte, error) {
	type entry struct {
		XMLName     xml.Name
		Extension   string `xml:"Extension,attr,omitempty"`
		PartName    string `xml:"PartName,attr,omitempty"`
		ContentType string `xml:"ContentType,attr"`
	}
	var types struct {
		XMLName   xml.Name `xml:"http://schemas.openxmlformats.org/package/2006/content-types Types"`
		Defaults  []entry  `xml:"Default"`
		Overrides []entry  `xml:"Override"`
	}
	if err := xml.Unmarshal(b, &types); err != nil {
		return nil, fmt.Errorf("%s: %w", contentTypes, err)
	}
	slices.SortFunc(types.Defaults, func(a, b entry) int { return strings.Compare(a.Extension, b.Extension) })
	slices.SortFunc(types.Overrides, func(a, b entry) int { return strings.Compare(a.PartName, b.PartName) })
	var out bytes.Buffer
	out.WriteString(xml.Header)
	if err := xml.NewEncoder(&out).Encode(types); err != nil {
		return nil, fmt.Errorf("%s: %w", contentTypes, err)
	}
	return out.Bytes(), nil
}
