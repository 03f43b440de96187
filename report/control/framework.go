package control

import (
	"errors"
	"fmt"
	"slices"

	"github.com/fleetaudit/fleetaudit/report/check"
)

// References gives the control references that a check is mapped to, in CSF order; none for a check that is not mapped. Callers must
// not change the slice.
func (f *Framework) References(checkID string) []string { return f.byCheck[checkID] }

// Reference looks a control reference up by its id.
func (f *Framework) Reference(id string) (Reference, bool) {
	i, ok := f.references[id]
	if !ok {
		return Reference{}, false
	}
	return f.Controls[i], true
}

// Mapping gives what is mapped to a control reference.
func (f *Framework) Mapping(reference string) (Mapping, bool) {
	i, ok := f.references[reference]
	if !ok {
		return Mapping{}, false
	}
	return f.Mappings[i], true
}

// parents gives the objective of a reference and its category. All parents are known to exist.
func (f *Framework) parents(r Reference) (Objective, Category) {
	o := f.Objectives[f.objectives[r.Objective]]
	return o, f.Categories[f.categories[o.Category]]
}

// Crosswalk gives all rows, with how many checks are mapped to each reference.
func (f *Framework) Crosswalk() []CrosswalkRow {
	rows := slices.Clone(f.crosswalk)
	for i := range rows {
		rows[i].Checks = len(f.Mappings[f.references[rows[i].Reference]].Checks)
	}
	return rows
}

// Validate compares the mapping with the checks that exist. A mapped check that does not exist is an error, for the reference would
// look tested; a check that is mapped to nothing is no error, but a person wants to know.
func (f *Framework) Validate(checks []*check.Check) (unmapped []string, err error) {
	exists := make(map[string]bool, len(checks))
	for _, c := range checks {
		exists[c.ID] = true
		if len(f.byCheck[c.ID]) == 0 {
			unmapped = append(unmapped, c.ID)
		}
	}
	var errs []error
	for _, m := range f.Mappings {
		for _, id := range m.Checks {
			if !exists[id] {
				errs = append(errs, &Error{Pos: f.places[m.Reference+" "+id], Msg: fmt.Sprintf("reference %s: check %q does not exist", m.Reference, id)})
			}
		}
	}
	slices.Sort(unmapped)
	return unmapped, errors.Join(errs...)
}
