package evidence

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Names inside a pack.
const (
	packHost  = "host.json"
	packItems = "items.jsonl"
	packSums  = "SHA256SUMS"
)

// Limits of a pack. The reader holds to them whatever the pack says of itself; the writer refuses what a reader would refuse.
const (
	// MaxPackBytes limits the files of one host's pack, unpacked and together. Collecting must stay below it.
	MaxPackBytes = 256 << 20
	// MaxFileBytes limits one file of a pack: the longest answer of a probe (4 MiB) with room.
	MaxFileBytes = 8 << 20
)

// maxPackFiles limits the number of files in a pack: three an item, and the three of the host.
const maxPackFiles = 3*maxSeq + 3

// gzipLevel is fixed, since the level shapes the bytes. The fastest packs 120 KB of short files in well under a millisecond, at a
// tenth more size than the default.
const gzipLevel = gzip.BestSpeed

// ErrLimit says that something in a bundle is larger than the limit.
var ErrLimit = errors.New("over the limit")

// packFile is one file of a pack, or of the bundle.
type packFile struct {
	name string
	data []byte
	sum  string // sha256 of data
}

// packer turns answers into packs. It is used again to save its buffers, by one goroutine at a time.
type packer struct {
	header [tarBlock]byte // of an empty file without a name
	tar    []byte
	out    bytes.Buffer
	gz     *gzip.Writer
}

func newPacker() *packer {
	p := &packer{}
	p.gz, _ = gzip.NewWriterLevel(nil, gzipLevel) // the level is valid
	var b bytes.Buffer
	h := tar.Header{Typeflag: tar.TypeReg, Mode: int64(fileMode), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
	_ = tar.NewWriter(&b).WriteHeader(&h) // into memory, and the header is valid
	copy(p.header[:], b.Bytes())
	return p
}

// pack gives the bytes of an answer's pack. They are valid until the next call.
func (p *packer) pack(a *Answer) ([]byte, error) {
	files, err := packFiles(a)
	if err != nil {
		return nil, err
	}
	p.tar = p.tar[:0]
	for _, f := range files {
		p.add(f)
	}
	p.tar = append(p.tar, make([]byte, 2*tarBlock)...) // the end of an archive
	p.out.Reset()
	p.gz.Reset(&p.out)
	_, err = p.gz.Write(p.tar)
	if err := errors.Join(err, p.gz.Close()); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return p.out.Bytes(), nil
}

// Places in a header of a USTAR archive (POSIX.1, pax, "ustar Interchange Format"). All headers of a pack differ in these fields only, so
// they are made from one: package tar takes longer for a header than compressing does for a file.
const (
	tarBlock   = 512
	tarSizeAt  = 124 // 11 octal digits and a NUL
	tarCheckAt = 148 // 6 octal digits, a NUL and a blank: the sum of all bytes of the header, in which the field itself counts as 8 blanks
)

// add appends a file to the archive. Its name and size fit the fields: names are short, and sizes are limited.
func (p *packer) add(f packFile) {
	at := len(p.tar)
	p.tar = append(p.tar, p.header[:]...)
	h := p.tar[at:]
	copy(h, f.name)
	octal(h[tarSizeAt:tarSizeAt+11], len(f.data))
	copy(h[tarCheckAt:], "        ")
	sum := 0
	for _, b := range h {
		sum += int(b)
	}
	octal(h[tarCheckAt:tarCheckAt+6], sum)
	h[tarCheckAt+6] = 0
	p.tar = append(p.tar, f.data...)
	if over := len(f.data) % tarBlock; over > 0 {
		p.tar = append(p.tar, make([]byte, tarBlock-over)...)
	}
}

func octal(field []byte, n int) {
	for i := len(field) - 1; i >= 0; i-- {
		field[i] = '0' + byte(n&7)
		n >>= 3
	}
}

// packFiles gives the files of an answer's pack, sorted by name. Output and error output that are empty have no file.
func packFiles(a *Answer) ([]packFile, error) {
	files := make([]packFile, 0, 3*len(a.Items)+3)
	var items bytes.Buffer
	enc := lineEncoder(&items)
	last := 0
	for i := range a.Items {
		it := a.Items[i].sealed()
		if it.Seq <= last || it.Seq > maxSeq {
			return nil, fmt.Errorf("pack: item %q has number %d after %d: numbers must ascend from 1 to %d", it.Probe, it.Seq, last, maxSeq)
		}
		last = it.Seq
		if err := enc.Encode(&it); err != nil {
			return nil, fmt.Errorf("pack %s: %w", packItems, err)
		}
		files = append(files, packFile{itemFile(it.Seq, "cmd"), it.Command, it.CommandSHA256})
		if len(it.Stderr) > 0 {
			files = append(files, packFile{itemFile(it.Seq, "err"), it.Stderr, it.StderrSHA256})
		}
		if len(it.Stdout) > 0 {
			files = append(files, packFile{itemFile(it.Seq, "out"), it.Stdout, it.StdoutSHA256})
		}
	}
	host, err := jsonText(&a.Host)
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", packHost, err)
	}
	// Upper case sorts between digits and lower case, so this is the order of the names.
	rest := []packFile{{packHost, host, sha256Hex(host)}, {packItems, items.Bytes(), sha256Hex(items.Bytes())}}
	sums := packFile{name: packSums, data: sumsOf(append(files, rest...))}
	files = append(append(files, sums), rest...)
	return files, checkSizes(files)
}

func checkSizes(files []packFile) error {
	total := 0
	for _, f := range files {
		total += len(f.data)
		if len(f.data) > MaxFileBytes {
			return fmt.Errorf("pack: %s has %d bytes: %w of %d bytes a file", f.name, len(f.data), ErrLimit, MaxFileBytes)
		}
	}
	if total > MaxPackBytes {
		return fmt.Errorf("pack: %d bytes: %w of %d bytes a host", total, ErrLimit, MaxPackBytes)
	}
	return nil
}

// sumsOf gives the SHA256SUMS text over files, which must be in the order of their names.
func sumsOf(files []packFile) []byte {
	var b bytes.Buffer
	b.Grow(len(files) * (64 + len("  001.cmd\n")))
	for _, f := range files {
		writeSum(&b, f.name, f.sum)
	}
	return b.Bytes()
}

// sealed gives a copy of the item with hashes and sizes filled in.
func (it Item) sealed() Item {
	it.Start = it.Start.UTC()
	it.CommandSHA256 = sha256Hex(it.Command)
	it.StdoutSHA256, it.StdoutBytes = sha256Hex(it.Stdout), int64(len(it.Stdout))
	it.StderrSHA256, it.StderrBytes = sha256Hex(it.Stderr), int64(len(it.Stderr))
	return it
}

// itemFile gives the name of one of an item's files, such as 007.out.
func itemFile(seq int, ext string) string {
	return string([]byte{'0' + byte(seq/100%10), '0' + byte(seq/10%10), '0' + byte(seq%10), '.'}) + ext
}
