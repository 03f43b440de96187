package evidence

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// checkLog walks the chain of the log and remembers which packs it speaks of. A broken chain is reported with its first broken line, also
// when the manifest has told already that the file differs.
func (v *verifier) checkLog() {
	v.logPacks = map[string]string{}
	f, _, err := openRegular(v.root, logName)
	if err != nil {
		v.bad[logName] = true // the manifest has told
		return
	}
	defer func() { _ = f.Close() }() // it was only read
	last := logLine{}
	for e, err := range readLog(f) {
		if broken := (*ChainError)(nil); errors.As(err, &broken) {
			v.bad[logName] = true
			v.differ(logName, fmt.Sprintf("line %d: %s", broken.Line, broken.Detail), adviceChanged)
			return
		}
		if err != nil {
			v.bad[logName] = true
			v.differ(logName, err.Error(), adviceChanged)
			return
		}
		v.report.LogLines++
		if e.Event == EventPack {
			v.logPacks[e.Host] = e.Detail
		}
		last = e
	}
	v.lastLog = last.hash
	if last.Event != EventClose && !v.bad[logName] {
		v.bad[logName] = true
		v.differ(logName, fmt.Sprintf("its last line is not %q: lines were removed", EventClose), adviceTampered)
	}
}

// checkIndex reads hosts.jsonl and compares it with manifest and log.
func (v *verifier) checkIndex() {
	v.index = map[string]HostEntry{}
	if v.bad[indexName] {
		return
	}
	text, err := readBounded(v.root, indexName, maxSmallFile)
	if err == nil {
		var list []HostEntry
		list, err = parseIndex(text)
		for _, e := range list {
			v.index[PackPath(e.ID)] = e
		}
	}
	if err != nil {
		v.bad[indexName] = true
		v.differ(indexName, err.Error(), adviceTampered)
		return
	}
	for _, path := range slices.Sorted(maps.Keys(v.index)) {
		e := v.index[path]
		switch logged, inLog := v.logPacks[e.Name]; {
		case v.listed[path] == "":
			v.differ(path, fmt.Sprintf("is the pack of host %q in %s but not in the manifest", e.Name, indexName), adviceTampered)
		case v.listed[path] != e.Pack:
			v.differ(path, fmt.Sprintf("the manifest and %s have different hashes of it", indexName), adviceTampered)
		case v.bad[logName]:
		case !inLog:
			v.differ(path, "the log does not say that it was stored", adviceTampered)
		case logged != e.Pack:
			v.differ(path, "is not the pack that was stored according to the log", adviceTampered)
		}
	}
	if v.bad[logName] {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(v.logPacks)) {
		if path := PackPath(HostID(name)); v.index[path].Name != name {
			v.differ(indexName, fmt.Sprintf("lacks host %q, whose pack was stored according to the log", name), adviceTampered)
		}
	}
}

// checkPacks reads every pack and checks what is in it.
func (v *verifier) checkPacks(sums []FileSum) {
	for _, s := range sums {
		if _, isPack := hostIDOfPack(s.Name); !isPack {
			if strings.HasPrefix(s.Name, "hosts/") {
				v.differ(s.Name, "is not the name of a pack", adviceTampered)
			}
			continue
		}
		data, err := readBounded(v.root, s.Name, MaxPackBytes)
		if errors.Is(err, fs.ErrNotExist) {
			continue // the manifest has told
		}
		if err != nil {
			v.differ(s.Name, err.Error(), adviceTampered)
			continue
		}
		v.checkPack(s.Name, data)
	}
}

func (v *verifier) checkPack(path string, data []byte) {
	a, err := unpack(path, data)
	if err != nil {
		what := err.Error()
		if pe := (*PackError)(nil); errors.As(err, &pe) {
			what = pe.inside()
		}
		advice := adviceTampered
		if v.bad[path] {
			advice = adviceChanged
		}
		v.differ(path, what, advice)
		return
	}
	if !v.bad[path] {
		v.report.Hosts++
		v.report.Items += len(a.Items)
	}
	if v.bad[indexName] {
		return
	}
	e, indexed := v.index[path]
	switch {
	case !indexed:
		v.differ(path, fmt.Sprintf("is not in %s", indexName), adviceTampered)
	case e.Name != a.Host.Name || e.State != a.Host.State || e.Reason != a.Host.Reason:
		v.differ(path, fmt.Sprintf("name, state or reason of the host differ from %s", indexName), adviceTampered)
	}
}

// checkEnd compares run-end.json with log and index.
func (v *verifier) checkEnd() {
	var end EndInfo
	if !v.decode(endName, &end) {
		return
	}
	if !v.bad[logName] && (v.lastLog != end.LogSHA256 || v.report.LogLines != end.LogLines) {
		v.differ(endName, fmt.Sprintf("its %d log lines or their last sha256 are not those of %s", end.LogLines, logName), adviceTampered)
	}
	if v.bad[indexName] {
		return
	}
	got := map[State]int{}
	for _, e := range v.index {
		got[e.State]++
	}
	for _, s := range []State{StateComplete, StatePartial, StateFailed} {
		if got[s] != end.Hosts[s] {
			v.differ(endName, fmt.Sprintf("counts %d hosts as %s, %s has %d", end.Hosts[s], s, indexName, got[s]), adviceTampered)
		}
	}
}
