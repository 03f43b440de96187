package readonly

import "strings"

// table makes the allow-list of pairs: names with blanks between them, and a rule.
func table(pairs ...any) map[string]rule {
	out := map[string]rule{}
	for i := 0; i+1 < len(pairs); i += 2 {
		names, _ := pairs[i].(string)
		r, ok := pairs[i+1].(rule)
		if f, plain := pairs[i+1].(func([]arg) string); plain {
			r, ok = f, true
		}
		if !ok {
			r = func([]arg) string { return "its line in the allow-list has no rule" }
		}
		for name := range strings.FieldsSeq(names) {
			out[name] = r
		}
	}
	return out
}

// refused makes the list of refusals of pairs: names with blanks between them, and why.
func refused(pairs ...string) map[string]string {
	out := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		for name := range strings.FieldsSeq(pairs[i]) {
			out[name] = pairs[i+1]
		}
	}
	return out
}
