// Package catalog embeds the probes: what hosts are asked, one topic a file, in the folder of their platform. It holds content
// and no code; probes.LoadCatalog reads it.
package catalog

import "embed"

// FS holds <platform>/<topic>.yaml.
//
//go:embed linux/*.yaml
var FS embed.FS
