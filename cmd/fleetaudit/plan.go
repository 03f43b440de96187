package main

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
)

// planRow is what would happen on one host.
type planRow struct {
	Host       string `json:"host"`
	Reach      string `json:"reach"`
	User       string `json:"user"`
	Jump       string `json:"jump,omitempty"`
	Become     string `json:"become"`
	Platform   string `json:"platform"`
	Probes     int    `json:"probes"`
	Privileged int    `json:"privileged"`
	Declared   string `json:"declared_at"`
}

func planCommand(w *world) *cli.Command {
	return &cli.Command{
		Name:  "plan",
		Usage: "show what would be asked where, and as whom; no host is touched",
		Flags: slices.Concat(inventoryFlags(), contentFlags(), []cli.Flag{outputFlag(),
			&cli.BoolFlag{Name: "commands", Usage: "print every command as well, exactly as it would be sent"}}),
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			asJSON, err := wantJSON(c)
			if err != nil {
				return err
			}
			content, err := contentFrom(c).load()
			if err != nil {
				return err
			}
			inv, _, err := hostsFrom(c)
			if err != nil {
				return err
			}
			return plan(w, content.catalog, inv, asJSON, c.Bool("commands"))
		},
	}
}

func plan(w *world, cat *probes.Catalog, inv *inventory.Inventory, asJSON, commands bool) error {
	rows := planRows(cat, inv)
	if asJSON {
		enc := json.NewEncoder(w.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(rows)
	}
	err := printTable(w.stdout, []string{"HOST", "REACHED AT", "AS", "THROUGH", "BECOMES", "PLATFORM", "PROBES", "OF THEM AS ROOT"}, rows,
		func(r planRow) []string {
			return []string{r.Host, r.Reach, r.User, dash(r.Jump), r.Become, r.Platform, strconv.Itoa(r.Probes), strconv.Itoa(r.Privileged)}
		})
	if err != nil || !commands {
		return err
	}
	p := &printer{w: w.stdout}
	for _, q := range cat.Probes(inventory.PlatformLinux) {
		p.f("\n")
		p.block(q.ID+" ("+needs(q.Privileged)+")", q.Run+"\n")
	}
	return p.err
}

func planRows(cat *probes.Catalog, inv *inventory.Inventory) []planRow {
	rows := make([]planRow, 0, inv.Len())
	for h := range inv.Hosts() {
		platform := h.Platform
		if platform == inventory.PlatformUnknown {
			platform = inventory.PlatformLinux
		}
		r := planRow{Host: h.Name, Become: string(h.Become), Platform: string(platform), Declared: h.Pos.String()}
		r.Reach, r.User = endpoint(&h.Access), asWhom(&h.Access)
		if h.Connection == inventory.ConnectionLocal {
			r.Reach, r.User = "this machine", "the user who runs this"
		}
		if h.Jump != nil {
			r.Jump = fmt.Sprintf("%s@%s", asWhom(h.Jump), endpoint(h.Jump))
		}
		for _, p := range cat.Probes(platform) {
			r.Probes++
			if p.Privileged {
				r.Privileged++
			}
		}
		rows = append(rows, r)
	}
	return rows
}

func endpoint(a *inventory.Access) string {
	return net.JoinHostPort(a.Address, strconv.Itoa(a.Port))
}

// asWhom is the account that would log in: where the inventory names none, that of whoever runs this, as with ssh.
func asWhom(a *inventory.Access) string {
	if a.User == "" {
		return "(your own name)"
	}
	return a.User
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
