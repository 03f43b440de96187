package evidence

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// ErrMismatch says that stored bytes are not those that were stored: their sha256 differs from the one written down.
var ErrMismatch = errors.New("sha256 differs from the one recorded")

// emptySHA256 is the hash of nothing, which stands for output that has no file.
const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// PackError says why a pack cannot be relied on. Nothing in it may be judged.
type PackError struct {
	Pack string // path inside the bundle
	File string // file inside the pack, empty when it is the pack as a whole
	Err  error  // ErrMismatch, ErrLimit or what was wrong with its form
}

// Error names pack and file.
func (e *PackError) Error() string { return e.Pack + ": " + e.inside() }

// inside says what is wrong without naming the pack.
func (e *PackError) inside() string {
	if e.File == "" {
		return e.Err.Error()
	}
	return fmt.Sprintf("%s in it: %v", e.File, e.Err)
}

// Unwrap gives the cause.
func (e *PackError) Unwrap() error { return e.Err }

// unpack reads the pack at path from its bytes and checks every hash in it. Errors are *PackError.
func unpack(path string, data []byte) (*Answer, error) {
	fail := func(file string, err error) (*Answer, error) { return nil, &PackError{path, file, err} }
	files, file, err := untar(data, MaxPackBytes)
	if err != nil {
		return fail(file, err)
	}
	sums, file, err := checkSums(files)
	if err != nil {
		return fail(file, err)
	}
	a := &Answer{}
	if err := json.Unmarshal(files[packHost], &a.Host); err != nil {
		return fail(packHost, err)
	}
	if a.Host.ID != HostID(a.Host.Name) || PackPath(a.Host.ID) != path {
		return fail(packHost, fmt.Errorf("it is the record of host %q, whose pack is %s: packs were exchanged", a.Host.Name, PackPath(HostID(a.Host.Name))))
	}
	if a.Items, file, err = itemsOf(files, sums); err != nil {
		return fail(file, err)
	}
	return a, nil
}

// untar gives the files of a pack by name, within the limits, of which most is the one on all of them. With an error comes the file it is
// about.
func untar(data []byte, most int64) (files map[string][]byte, file string, err error) {
	src := bytes.NewReader(data) // a byte reader: gzip takes nothing from it beyond its own end
	gz, err := gzip.NewReader(src)
	if err != nil {
		return nil, "", fmt.Errorf("not a gzip file: %w", err)
	}
	gz.Multistream(false)
	limited := &io.LimitedReader{R: gz, N: most + (maxPackFiles+2)*1024}
	tr := tar.NewReader(limited)
	files = map[string][]byte{}
	total := int64(0)
	for {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, "", orLimit(err, limited, most)
		}
		total += h.Size
		if err := checkEntry(h, files, most-total); err != nil {
			return nil, printable(h.Name), err
		}
		b := make([]byte, h.Size)
		if _, err := io.ReadFull(tr, b); err != nil {
			return nil, h.Name, orLimit(err, limited, most)
		}
		files[h.Name] = b
	}
	// Reading on to the end lets gzip check its sum, and shows what was put behind the archive.
	if n, err := io.Copy(io.Discard, limited); err != nil {
		return nil, "", err
	} else if n > 0 || src.Len() > 0 {
		return nil, "", errors.New("bytes after the end of the archive")
	}
	return files, "", nil
}

func orLimit(err error, r *io.LimitedReader, most int64) error {
	if r.N <= 0 {
		return fmt.Errorf("unpacked size: %w of %d bytes", ErrLimit, most)
	}
	return err
}

// checkEntry refuses everything that a pack does not have: other names, types other than plain files, repeated or overlong files. left is what
// remains of the limit on all files.
func checkEntry(h *tar.Header, files map[string][]byte, left int64) error {
	_, again := files[h.Name]
	switch {
	case !packName(h.Name) || h.Typeflag != tar.TypeReg:
		return errors.New("no such file belongs in a pack")
	case again:
		return errors.New("it is there twice")
	case h.Size > MaxFileBytes:
		return fmt.Errorf("%d bytes: %w of %d bytes a file", h.Size, ErrLimit, MaxFileBytes)
	case left < 0:
		return fmt.Errorf("unpacked size: %w of all files of a pack", ErrLimit)
	case len(files) >= maxPackFiles:
		return fmt.Errorf("number of files: %w of %d", ErrLimit, maxPackFiles)
	}
	return nil
}

// packName reports whether name is one that a pack may hold.
func packName(name string) bool {
	if name == packHost || name == packItems || name == packSums {
		return true
	}
	if len(name) != 7 || name[3] != '.' || strings.Trim(name[:3], "0123456789") != "" {
		return false
	}
	ext := name[4:]
	return ext == "cmd" || ext == "out" || ext == "err"
}

// checkSums compares every file with SHA256SUMS, both ways, and gives the hashes by name. With an error comes the file it is about.
func checkSums(files map[string][]byte) (sums map[string]string, file string, err error) {
	for _, name := range []string{packSums, packHost, packItems} {
		if _, found := files[name]; !found {
			return nil, name, errors.New("is missing")
		}
	}
	list, err := parseSums(files[packSums])
	if err != nil {
		return nil, packSums, err
	}
	sums = make(map[string]string, len(list))
	for _, s := range list {
		data, found := files[s.Name]
		if !found {
			return nil, s.Name, errors.New("is missing")
		}
		if sha256Hex(data) != s.SHA256 {
			return nil, s.Name, ErrMismatch
		}
		sums[s.Name] = s.SHA256
	}
	if len(sums) != len(files)-1 || sums[packSums] != "" {
		return nil, packSums, fmt.Errorf("lists %d of %d files", len(sums), len(files)-1)
	}
	return sums, "", nil
}

// itemsOf decodes items.jsonl and joins each item with its bytes. Every other file must belong to an item.
func itemsOf(files map[string][]byte, sums map[string]string) (items []Item, file string, err error) {
	sc := bufio.NewScanner(bytes.NewReader(files[packItems]))
	sc.Buffer(nil, MaxFileBytes+1)
	used, last := 3, 0
	for sc.Scan() {
		var it Item
		if err := json.Unmarshal(sc.Bytes(), &it); err != nil {
			return nil, packItems, fmt.Errorf("line %d: %w", len(items)+1, err)
		}
		if it.Seq <= last || it.Seq > maxSeq {
			return nil, packItems, fmt.Errorf("line %d: item number %d after %d", len(items)+1, it.Seq, last)
		}
		last = it.Seq
		n, file, err := it.join(files, sums)
		if err != nil {
			return nil, file, err
		}
		used += n
		items = append(items, it)
	}
	if err := sc.Err(); err != nil {
		return nil, packItems, err
	}
	if used != len(files) {
		return nil, packItems, fmt.Errorf("its %d items have %d files, the pack has %d", len(items), used-3, len(files)-3)
	}
	return items, "", nil
}

// join takes the item's bytes from files and gives their number. They must be those that its hashes speak of; sums holds the hashes
// that the files do have.
func (it *Item) join(files map[string][]byte, sums map[string]string) (n int, file string, err error) {
	for _, part := range []struct {
		ext  string
		to   *[]byte
		sum  string
		size int64
	}{
		{"cmd", &it.Command, it.CommandSHA256, -1},
		{"out", &it.Stdout, it.StdoutSHA256, it.StdoutBytes},
		{"err", &it.Stderr, it.StderrSHA256, it.StderrBytes},
	} {
		name := itemFile(it.Seq, part.ext)
		data, found := files[name]
		if !found && part.size == 0 && part.sum == emptySHA256 {
			continue
		}
		switch {
		case !found:
			return 0, name, errors.New("is missing")
		case len(data) == 0 && part.ext != "cmd":
			return 0, name, errors.New("is empty, which files of a pack never are")
		case sums[name] != part.sum || part.size >= 0 && int64(len(data)) != part.size:
			return 0, name, ErrMismatch
		}
		*part.to = data
		n++
	}
	return n, "", nil
}

// printable quotes a name that comes from outside, where it is not plain.
func printable(name string) string {
	if checkName(name) == nil {
		return name
	}
	return fmt.Sprintf("%.80q", name)
}
