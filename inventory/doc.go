// Package inventory says who is asked: the hosts in scope, what each is for and how it is reached.
//
// # The native form
//
// An inventory is one YAML file with these sections, all but hosts and groups optional:
//
//	engagement  who is assessed, by whom, on what authority, and the fieldwork window
//	population  an independent list of what should be there, and where it came from
//	defaults    how hosts are reached and logged in to, unless they say otherwise
//	zones       network zones by name, with the CIDR ranges that belong to them
//	jumps       jump hosts by name
//	groups      hosts that share settings; a host may be in several
//	hosts       single hosts, as a mapping or as [user@]host[:port]
//
// templates/inventory/example.yaml shows every key with a comment.
//
// # Which value wins
//
// A host's own value beats that of its groups, and a group's beats that of defaults. A group beats its parents (the groups
// that name it in children). Two groups that give one host different values, neither being the parent of the other, are an
// error, since the order of groups means nothing. Roles and data classes are not values that win: those of the host and of
// all its groups are united. A certificate and a passphrase belong to the identity that they are given with: a more specific
// identity leaves the inherited ones behind.
//
// A host that gives no zone gets it from its address, if that is an IP literal, by the longest range in zones that holds it.
//
// A jump host takes the user, identity, certificate and passphrase that it does not give from defaults, never the password.
// "jump: none" undoes an inherited jump host. There is one hop at most.
//
// # Words in lists of hosts
//
// Ranges are Ansible's: web[01:20] counts with leading zeros, db[a:f] goes through letters, node[0:100:10] by steps, and a word
// may hold several. Ends are included. In groups a word is a host's name; under hosts it may also carry user and port. An IPv6
// address with a port needs brackets: [fd00::7]:2222.
//
// Paths (identity, certificate, file: secrets, the population) may begin with ~, and are otherwise relative to the inventory.
//
// # Errors
//
// Decoding is strict. An unknown key, a wrong type or a bad value is an [*Error] with its place, and all of them come at once,
// joined and in order of place. Only faults of YAML itself end the reading at the first.
//
// # Secrets
//
// The inventory holds references to secrets ([SecretRef]), never secrets: "env:NAME", "file:PATH", "command:TEXT",
// "prompt:LABEL". [Secrets] resolves them as late as they are needed. No message of this package shows a secret, nor the text of
// a password that was written where a reference belongs.
//
// This package knows nothing of probes, checks or the network.
package inventory
