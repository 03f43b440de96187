package evidence

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
)

// WriteDerived stores a file that was made from the evidence: results.jsonl or a file under reports/. It replaces an earlier one in one
// step and lists it in DERIVED.sha256; the evidence and its manifest stay untouched. It may be called from several goroutines; two
// programs must not write to one bundle at a time.
func (b *Bundle) WriteDerived(name string, write func(io.Writer) error) error {
	if err := checkName(name); err != nil {
		return fmt.Errorf("bundle %s: %w", b.dir, err)
	}
	if !isDerived(name) {
		return fmt.Errorf("bundle %s: %s cannot be a derived file: those are %s and what is under %s", b.dir, name, resultsName, reportsFolder)
	}
	if err := b.writeDerived(name, write); err != nil {
		return fmt.Errorf("bundle %s: %w", b.dir, err)
	}
	return nil
}

func (b *Bundle) writeDerived(name string, write func(io.Writer) error) error {
	if err := b.root.MkdirAll(path.Dir(name), dirMode); err != nil {
		return err
	}
	hash := sha256.New()
	temp, err := writeTemp(b.root, name, func(f io.Writer) error {
		buf := bufio.NewWriterSize(io.MultiWriter(f, hash), 1<<16)
		return errors.Join(write(buf), buf.Flush())
	})
	if err != nil {
		return err
	}
	b.derivedMu.Lock() // file and list change together, also when two goroutines write the same name
	defer b.derivedMu.Unlock()
	if err := renameTemp(b.root, temp, name); err != nil {
		return err
	}
	sums, err := b.derivedSums()
	if err != nil {
		return err
	}
	sums[name] = hex.EncodeToString(hash.Sum(nil))
	return writeWhole(b.root, derivedName, formatSums(sums))
}

// Derived lists the derived files with their hashes, in name order.
func (b *Bundle) Derived() ([]FileSum, error) {
	text, err := readBounded(b.root, derivedName, maxSmallFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", b.dir, err)
	}
	sums, err := parseSums(text)
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %s: %w", b.dir, derivedName, err)
	}
	return sums, nil
}

func (b *Bundle) derivedSums() (map[string]string, error) {
	list, err := b.Derived()
	sums := make(map[string]string, len(list)+1)
	for _, s := range list {
		sums[s.Name] = s.SHA256
	}
	return sums, err
}
