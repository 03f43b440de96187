package evidence

import (
	"bufio"
	"bytes"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Names inside a bundle.
const (
	runName       = "run.json"
	endName       = "run-end.json"
	logName       = "log.jsonl"
	indexName     = "hosts.jsonl"
	verifyName    = "VERIFY.txt"
	manifestName  = "MANIFEST.sha256"
	derivedName   = "DERIVED.sha256"
	resultsName   = "results.jsonl"
	reportsFolder = "reports/"
)

// maxSmallFile limits what is read whole of a bundle's own files: an index of a million hosts is a quarter of it.
const maxSmallFile = 1 << 30

// FileSum is a line of a sha256sum file.
type FileSum struct {
	Name   string // path with forward slashes, from the folder of the file that lists it
	SHA256 string // hex
}

// parseSums reads the format of sha256sum, as strictly as it is written here: lower-case hex, two blanks, name, line feed; ascending
// names without repeats. What this accepts, sha256sum reads in the same way.
func parseSums(text []byte) ([]FileSum, error) {
	var sums []FileSum
	sc := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; sc.Scan(); n++ {
		hash, name, found := strings.Cut(sc.Text(), "  ")
		if !found || !validSHA256(hash) {
			return nil, fmt.Errorf("line %d: expected a sha256 in lower-case hex, two blanks and a file name", n)
		}
		if err := checkName(name); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if len(sums) > 0 && sums[len(sums)-1].Name >= name {
			return nil, fmt.Errorf("line %d: %q comes after %q: names must ascend", n, name, sums[len(sums)-1].Name)
		}
		sums = append(sums, FileSum{name, hash})
	}
	if err := sc.Err(); err != nil {
		return nil, err
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		return nil, fmt.Errorf("line %d does not end: the file was cut", len(sums))
	}
	return sums, nil
}

// formatSums writes hashes by name in the format of sha256sum, sorted.
func formatSums(sums map[string]string) []byte {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		writeSum(&b, name, sums[name])
	}
	return b.Bytes()
}

func writeSum(b *bytes.Buffer, name, sum string) {
	b.WriteString(sum)
	b.WriteString("  ")
	b.WriteString(name)
	b.WriteByte('\n')
}

// isDerived reports whether name is a place for derived files.
func isDerived(name string) bool {
	return name == resultsName || strings.HasPrefix(name, reportsFolder)
}

// isSeal reports whether name belongs around the manifest instead of in it: the lists themselves, and what is added after the run.
func isSeal(name string) bool {
	switch name {
	case manifestName, derivedName, manifestName + ".sig", manifestName + ".sig.tsr", "custody.jsonl":
		return true
	}
	return false
}

// nameOrder yields hosts in the order of their names, the order of everything that is reported.
func nameOrder(hosts map[string]HostEntry) iter.Seq[HostEntry] {
	all := slices.SortedFunc(maps.Values(hosts), func(a, b HostEntry) int { return strings.Compare(a.Name, b.Name) })
	return slices.Values(all)
}
