package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/fleetaudit/fleetaudit"

// walls names, for each third-party package that only some of ours may import, which. A trailing "/..." takes sub-packages in.
var walls = map[string][]string{
	"golang.org/x/crypto/ssh/...":   {"probes/remote/..."},
	"golang.org/x/sync/errgroup":    {"probes/collect", "report"},
	"cel.dev/cel-go/...":            {"report/check"},
	"github.com/xuri/excelize/v2":   {"report/format/xlsx", "inventory"},
	"github.com/urfave/cli/v2":      {"cmd/fleetaudit"},
	"github.com/vbauerster/mpb/...": {"cmd/fleetaudit"},
	"mvdan.cc/sh/v3/...":            {"probes/readonly"},
	"github.com/goccy/go-yaml/...":  {"inventory", "probes", "probes/fact", "probes/recorded", "report/check", "report/control", "report/format/...", "cmd/fleetaudit"},
}

// forbidden names pairs that must not be joined, not even through others: judging never reaches the network side.
var forbidden = []struct{ from, to string }{
	{"report/...", "probes/remote/..."},
	{"report/...", "probes/script/..."},
	{"report/...", "probes/collect/..."},
	{"probes/evidence", "probes/parse"},
	{"probes/evidence", "report/..."},
	{"probes/...", "report/..."},
	{"probes/...", "templates"},
	{"inventory/...", "probes/..."},
	{"probes/parse", "inventory"},
}

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func TestLayers(t *testing.T) {
	t.Parallel()
	pkgs := listPackages(t)
	if len(pkgs) < 15 {
		t.Fatalf("only %d packages listed: the pattern is wrong", len(pkgs))
	}
	for _, p := range pkgs {
		own := strings.TrimPrefix(p.ImportPath, module+"/")
		for _, imp := range p.Imports {
			for wall, allowed := range walls {
				if matches(wall, imp) && !slices.ContainsFunc(allowed, func(a string) bool { return matches(a, own) }) {
					t.Errorf("%s imports %s, which only %v may", own, imp, allowed)
				}
			}
		}
		for _, dep := range p.Deps {
			dep = strings.TrimPrefix(dep, module+"/")
			for _, f := range forbidden {
				if matches(f.from, own) && matches(f.to, dep) {
					t.Errorf("%s reaches %s: %s must not reach %s", own, dep, f.from, f.to)
				}
			}
		}
	}
}

func matches(pattern, p string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
		return p == prefix || strings.HasPrefix(p, prefix+"/")
	}
	return path.Clean(p) == pattern
}

func listPackages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps=false", "-json=ImportPath,Imports,Deps", module+"/...").Output()
	if err != nil {
		if ee, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("go list: %v\n%s", err, ee.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var pkgs []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return pkgs
		}
		if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}
