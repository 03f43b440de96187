package fact

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxUnix is the last second of the year 9999: later times cannot be written as RFC 3339.
const maxUnix = 253402300799

// boolWords are the words that convert to a bool, in lower case.
var boolWords = map[string]bool{
	"true": true, "yes": true, "1": true, "on": true, "enabled": true,
	"false": false, "no": false, "0": false, "off": false, "disabled": false,
}

// Convert turns text into a value of a scalar type. Text that is not plainly of the type is an error, never a default:
// int is decimal (no leading zeros, which may mean octal) or 0x; double is plain decimal; bool is true/false, yes/no, 1/0, on/off or
// enabled/disabled in any case; timestamp is RFC 3339 or seconds since 1970 as digits.
func Convert(text string, t Type) (Value, error) {
	switch t.Kind {
	case String:
		return text, nil
	case Int:
		return convertInt(text)
	case Double:
		return convertDouble(text)
	case Bool:
		if b, ok := boolWords[strings.ToLower(text)]; ok {
			return b, nil
		}
		return nil, fmt.Errorf("%s is not a bool (true/false, yes/no, 1/0, on/off, enabled/disabled)", quote(text))
	case Timestamp:
		return convertTime(text)
	case List, Map, Record:
	}
	return nil, fmt.Errorf("text cannot become a %s", t)
}

func convertInt(text string) (Value, error) {
	digits := strings.TrimPrefix(text, "-")
	base := 10
	if hex, ok := strings.CutPrefix(digits, "0x"); ok {
		digits, base = hex, 16
	} else if len(digits) > 1 && digits[0] == '0' {
		return nil, fmt.Errorf("%s has leading zeros: octal and decimal cannot be told apart, declare it a string", quote(text))
	}
	if digits == "" || digits[0] == '+' || digits[0] == '-' {
		return nil, fmt.Errorf("%s is not an int", quote(text))
	}
	if strings.HasPrefix(text, "-") {
		digits = "-" + digits
	}
	n, err := strconv.ParseInt(digits, base, 64)
	if err != nil {
		return nil, fmt.Errorf("%s is not an int of 64 bits", quote(text))
	}
	return n, nil
}

func convertDouble(text string) (Value, error) {
	if strings.Trim(text, "0123456789.eE+-") != "" || text == "" {
		return nil, fmt.Errorf("%s is not a double", quote(text))
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, fmt.Errorf("%s is not a double", quote(text))
	}
	return f, nil
}

func convertTime(text string) (Value, error) {
	if text != "" && strings.Trim(text, "0123456789") == "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n > maxUnix {
			return nil, fmt.Errorf("%s seconds are beyond the year 9999", quote(text))
		}
		return time.Unix(n, 0).UTC(), nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil, fmt.Errorf("%s is not a timestamp (RFC 3339, or seconds since 1970)", quote(text))
	}
	return at.UTC(), nil
}

// quote shortens host text for a message.
func quote(text string) string {
	const most = 60
	if len(text) > most {
		return strconv.QuoteToASCII(text[:most]) + "..."
	}
	return strconv.QuoteToASCII(text)
}
