package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/catalog"
	"github.com/fleetaudit/fleetaudit/report/check"
	"github.com/fleetaudit/fleetaudit/report/control"
	"github.com/fleetaudit/fleetaudit/templates"
)

// content is everything that decides what is asked and how it is judged.
type content struct {
	catalog   *probes.Catalog
	library   *check.Library
	framework *control.Framework
}

// contentOptions say where content comes from beside what is built in.
type contentOptions struct {
	dirs     []string // folders of --content
	baseline string   // file of --baseline
}

func contentFrom(c *cli.Context) contentOptions {
	return contentOptions{dirs: c.StringSlice("content"), baseline: c.String("baseline")}
}

// load reads all content. It goes on after mistakes, so that all of them are told at once.
func (o contentOptions) load() (*content, error) {
	probeFS, checkFS, mappingFS := []fs.FS{catalog.FS}, []fs.FS{templates.FS}, []fs.FS{templates.FS}
	for _, dir := range o.dirs {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, usagef("--content %s: expected a folder with probes/, checks/, baselines/ or csf/ in it", dir)
		}
		root := os.DirFS(dir)
		sub, err := fs.Sub(root, "probes")
		if err != nil {
			return nil, fmt.Errorf("--content %s: %w", dir, err)
		}
		probeFS, checkFS, mappingFS = append(probeFS, sub), append(checkFS, root), append(mappingFS, root)
	}
	var errs []error
	cat, err := probes.LoadCatalog(probeFS...)
	errs = append(errs, err)
	baseline, err := o.loadBaseline()
	if err != nil {
		return nil, errors.Join(append(errs, err)...)
	}
	lib, err := check.Load(check.Sources{Checks: checkFS, Facts: cat.Types(), Baseline: baseline})
	errs = append(errs, err)
	fw, err := control.Load(mappingFS...)
	errs = append(errs, err)
	if lib != nil && fw != nil {
		_, err = fw.Validate(lib.Checks())
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, &usageError{err}
	}
	return &content{catalog: cat, library: lib, framework: fw}, nil
}

// loadBaseline joins the built-in thresholds, those that folders of --content add, and the overrides of --baseline.
func (o contentOptions) loadBaseline() (*check.Baseline, error) {
	base, err := check.LoadBaseline(templates.FS, "default")
	if err != nil {
		return nil, err
	}
	for _, dir := range o.dirs {
		files, err := filepath.Glob(filepath.Join(dir, "baselines", "*.yaml"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if base, err = withFile(file, base.Extend); err != nil {
				return nil, err
			}
		}
	}
	if o.baseline == "" {
		return base, nil
	}
	return withFile(o.baseline, base.Override)
}

func withFile(file string, use func(string, []byte) (*check.Baseline, error)) (*check.Baseline, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, usagef("baseline: %w", err)
	}
	return use(file, data)
}
