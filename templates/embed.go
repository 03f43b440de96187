// Package templates embeds what an assessor edits: YAML that decides what is judged and how it is reported. It holds content and no code.
//
//	checks/<platform>/<topic>.yaml  what is asserted over the facts of a topic, with the reason, the remedy and the risk of mending it
//	baselines/*.yaml                the named thresholds that checks compare with, each with its source
//	csf/                            HITRUST CSF references, domains, crosswalk, and which checks speak to which reference
//	inventory/                      an inventory to start from
//
// A folder of the same form given with --content adds to this one, under the same strict reading; a baseline of the assessor's own
// given with --baseline replaces values by name.
package templates

import "embed"

// FS holds the folders above. Readers take an fs.FS, so that tests and users bring their own.
//
//go:embed */*.yaml */*/*.yaml
var FS embed.FS
