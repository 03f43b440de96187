package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/fleetaudit/fleetaudit/inventory"
)

// hostsFrom loads the inventory that the flags name, narrowed by --limit; --local is an inventory of this machine alone.
// The bytes are those of the file, for the bundle.
func hostsFrom(c *cli.Context) (*inventory.Inventory, []byte, error) {
	file, local := c.String("inventory"), c.Bool("local")
	var (
		inv  *inventory.Inventory
		data []byte
		err  error
	)
	switch {
	case file != "" && local:
		return nil, nil, usagef("give either --inventory or --local")
	case file != "":
		data, err = os.ReadFile(file)
		if err != nil {
			return nil, nil, usagef("inventory: %w", err)
		}
		inv, err = inventory.Load(file, data)
	case local:
		data = localInventory()
		inv, err = inventory.Load("--local", data)
	default:
		return nil, nil, usagef("no hosts: give an inventory with -i FILE (\"fleetaudit plan -i FILE\" shows what would be asked), or --local for this machine")
	}
	if err != nil {
		return nil, nil, &usageError{err}
	}
	if pattern := c.String("limit"); pattern != "" {
		if inv, err = inv.Select(pattern); err != nil {
			return nil, nil, usagef("--limit %s: %w", pattern, err)
		}
	}
	if inv.Len() == 0 {
		return nil, nil, usagef("no hosts: the inventory %s has none", inv.File)
	}
	return inv, data, nil
}

// localInventory is the inventory behind --local: root needs no elevation, everybody else tries sudo.
func localInventory() []byte {
	name, err := os.Hostname()
	if err != nil || name == "" {
		name = "localhost"
	}
	become := inventory.BecomeSudo
	if os.Geteuid() == 0 {
		become = inventory.BecomeNone
	}
	return fmt.Appendf(nil, "hosts:\n  - {name: %q, connection: local, platform: linux, become: %s}\n", name, become)
}

// populationFile reads the file that the inventory names as its population, nil when it names none.
func populationFile(inv *inventory.Inventory) ([]byte, error) {
	if inv.Population.File == "" {
		return nil, nil
	}
	data, err := os.ReadFile(inv.Population.File)
	if errors.Is(err, os.ErrNotExist) {
		return nil, usagef("%s: the population file %s is not there", inv.File, inv.Population.File)
	}
	if err != nil {
		return nil, usagef("%s: population: %w", inv.File, err)
	}
	return data, nil
}

// checkKeys opens every key and certificate file that the inventory names. A slip in a path is told once and before any host is asked,
// not once for each host afterwards.
func checkKeys(inv *inventory.Inventory) error {
	var errs []error
	seen := map[string]bool{"": true}
	for h := range inv.Hosts() {
		for _, a := range []*inventory.Access{&h.Access, h.Jump} {
			if a == nil || h.Connection == inventory.ConnectionLocal {
				continue
			}
			for _, name := range []string{a.Identity, a.Certificate} {
				if seen[name] {
					continue
				}
				seen[name] = true
				if err := readable(name); err != nil {
					errs = append(errs, usagef("%s: host %s: the key file cannot be read: %w (mend the path, or let the user who runs this read it)", h.Pos, h.Name, err))
				}
			}
		}
	}
	return errors.Join(errs...)
}

func readable(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	_, err = f.Read(make([]byte, 1))
	return err
}
