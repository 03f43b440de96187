package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// hostIDLen is the number of hex digits of a hostid: 64 bits, so that two of a million hosts share one with a chance of 3 in 10^8.
// Should it happen, the second Put fails; nothing is overwritten.
const hostIDLen = 16

// maxSeq is the highest number of an item: three digits name its files.
const maxSeq = 999

// HostID gives the id of a host from its declared name: 16 hex digits.
func HostID(name string) string {
	sum := sha256.Sum256([]byte("host\x00" + name))
	return hex.EncodeToString(sum[:hostIDLen/2])
}

// ItemID gives the evidence id of an item, such as 3f0c9a1be2d45678-007. It is what a finding cites.
func ItemID(hostID string, seq int) string {
	return fmt.Sprintf("%s-%03d", hostID, seq)
}

// ParseItemID takes an evidence id apart. The error says what an id looks like.
func ParseItemID(id string) (hostID string, seq int, err error) {
	host, num, found := strings.Cut(id, "-")
	if found && validHostID(host) && len(num) == 3 {
		if n, err := strconv.ParseUint(num, 10, 16); err == nil && n > 0 {
			return host, int(n), nil
		}
	}
	return "", 0, fmt.Errorf("%q is not an evidence id: expected %d hex digits of the host, a dash and a three-digit number, such as 3f0c9a1be2d45678-007", id, hostIDLen)
}

// PackPath gives the path of a host's pack inside the bundle, with forward slashes.
func PackPath(hostID string) string {
	return "hosts/" + hostID[:min(2, len(hostID))] + "/" + hostID + ".tar.gz"
}

// hostIDOfPack gives the hostid of a pack's path, or false when path is not where a pack belongs.
func hostIDOfPack(path string) (string, bool) {
	base := path[strings.LastIndexByte(path, '/')+1:]
	id, found := strings.CutSuffix(base, ".tar.gz")
	return id, found && validHostID(id) && PackPath(id) == path
}

func validHostID(s string) bool { return len(s) == hostIDLen && isHex(s) }

func validSHA256(s string) bool { return len(s) == 2*sha256.Size && isHex(s) }

// isHex reports whether s has nothing but lower-case hex digits, the one form in which ids and hashes are written.
func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
