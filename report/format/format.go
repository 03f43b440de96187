// Package format writes an assessment in the forms people and programs ask for. Each form is a Writer in a Registry; the workbook
// lives in the sub-package xlsx because it alone needs a spreadsheet library.
//
// A writer decides nothing: verdicts, roll-ups and texts come from report.
package format

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fleetaudit/fleetaudit/report"
)

// Writer writes one form of an assessment.
type Writer interface {
	// Write writes the whole of a to w, reading its streams as often as the form needs. The same assessment gives the same bytes.
	// After an error w holds part of a file; WriteFile keeps such a part from ever being seen.
	Write(ctx context.Context, a *report.Assessment, w io.Writer) error
}

// Format is a writer with the name it is asked for by.
type Format struct {
	Name   string // what people type, such as "csv"
	Suffix string // of file names, with its dot
	Title  string // one line for the list of formats
	Writer Writer
}

// Text lists the formats that need nothing but this package.
func Text() []Format {
	return []Format{
		{Name: "csv", Suffix: ".csv", Title: "the Results sheet as CSV (RFC 4180, UTF-8, safe to open in a spreadsheet)", Writer: CSV{}},
		{Name: "jsonl", Suffix: ".jsonl", Title: "the Results sheet as JSON, one object a line", Writer: JSONL{}},
	}
}

// Registry holds formats by name.
type Registry struct{ formats []Format }

// NewRegistry makes a registry of the given formats. A name that is empty or given twice is an error.
func NewRegistry(formats ...Format) (*Registry, error) {
	r := &Registry{}
	for _, f := range formats {
		if f.Name == "" || f.Writer == nil {
			return nil, fmt.Errorf("format %q (%s) needs a name and a writer", f.Name, f.Title)
		}
		if _, err := r.Lookup(f.Name); err == nil {
			return nil, fmt.Errorf("format %q is registered twice", f.Name)
		}
		r.formats = append(r.formats, f)
	}
	return r, nil
}

// Formats lists the formats in the order they were registered.
func (r *Registry) Formats() []Format { return slices.Clone(r.formats) }

// Names lists the names of the formats in the order they were registered.
func (r *Registry) Names() []string {
	names := make([]string, 0, len(r.formats))
	for _, f := range r.formats {
		names = append(names, f.Name)
	}
	return names
}

// Lookup finds a format by its name. Its error lists the names there are.
func (r *Registry) Lookup(name string) (Format, error) {
	for _, f := range r.formats {
		if f.Name == name {
			return f, nil
		}
	}
	return Format{}, fmt.Errorf("there is no format %q; there are: %s", name, strings.Join(r.Names(), ", "))
}
