package xlsx

import (
	"math"
	"strings"
)

// Spreadsheets fit the height of a row to its text only when a person edits it; some not even when they load a file. So the heights of
// rows that wrap are worked out here, from the widths of the letters.

// advance is how wide the printable ASCII characters of the body font are, from space to ~, in thousandths of its size. They are those
// of Carlito, which has Calibri's metrics.
var advance = [95]float64{
	226, 326, 401, 498, 507, 715, 682, 221, 303, 303, 498, 498, 250, 306, 252, 386, 507, 507, 507, 507, 507, 507, 507, 507, 507, 507, 268, 268, 498, 498, 498, 463,
	894, 579, 544, 533, 615, 488, 459, 631, 623, 252, 319, 520, 420, 855, 646, 662, 517, 673, 543, 459, 487, 642, 567, 890, 519, 487, 468, 307, 386, 307, 498, 498,
	291, 479, 525, 423, 525, 498, 305, 471, 525, 229, 239, 455, 229, 799, 525, 527, 525, 525, 349, 391, 335, 525, 452, 715, 433, 453, 395, 314, 460, 314, 498,
}

// Widths in pixels at 96 dots an inch, where a point is 4/3 of a pixel.
const (
	pointPixels  = 4.0 / 3
	digitPixels  = 7   // a unit of a column's width: a digit of the default font
	columnFrame  = 5   // what a column is wider than its units
	cellPadding  = 6   // left and right of the text
	indentPixels = 9   // of each step of indent
	monoAdvance  = 590 // thousandths; Consolas has 550, the fonts that stand in for it 602
	boldFactor   = 1.03
	safety       = 1.04 // screens round the widths of letters to whole pixels
)

// letters is how wide a text is in a look, in pixels.
func letters(s string, l look) float64 {
	size := l.Size
	if size == 0 {
		size = bodySize
	}
	sum := 0.0
	for _, r := range s {
		switch {
		case l.Font == monoFont && r < 0x2E80:
			sum += monoAdvance
		case r >= ' ' && r <= '~':
			sum += advance[r-' ']
		case r >= 0x2E80: // East Asian, symbols, emoji
			sum += 1000
		default:
			sum += 530
		}
	}
	if l.Bold {
		sum *= boldFactor
	}
	return sum / 1000 * size * pointPixels * safety
}

// lines is how many lines a text takes in a column of so many pixels.
func lines(s string, pixels float64, l look) int {
	room := pixels - cellPadding - indentPixels*float64(l.Indent)
	n := 0
	for part := range strings.SplitSeq(s, "\n") {
		n += wrapped(part, room, l)
	}
	return n
}

// wrapped counts the lines of one paragraph. Words stay whole where they fit.
func wrapped(s string, room float64, l look) int {
	if room <= 0 || letters(s, l) <= room {
		return 1
	}
	space := letters(" ", l)
	n, used := 1, 0.0
	for word := range strings.SplitSeq(s, " ") {
		w := letters(word, l)
		if used > 0 && used+space+w > room {
			n++
			used = 0
		} else if used > 0 {
			used += space
		}
		for used += w; used > room; used -= room {
			n++
		}
	}
	return n
}

// pixels is how wide columns of the given widths are together.
func pixels(widths ...float64) float64 {
	sum := 0.0
	for _, w := range widths {
		sum += w*digitPixels + columnFrame
	}
	return sum
}

// height is that of a row with so many lines; 0, which is the default height, for one line.
func height(n int, l look) float64 {
	if n <= 1 {
		return 0
	}
	size, factor := l.Size, lineFactor
	if size == 0 {
		size = bodySize
	}
	if l.Font == monoFont {
		factor = monoLineFactor
	}
	return min(maxHeight, math.Ceil(4*(padding+factor*size*float64(n)))/4) // spreadsheets keep quarters of a point
}

// How much higher a line is than its letters. Fonts that stand in for Consolas are higher than it.
const (
	lineFactor     = 1.31
	monoLineFactor = 1.38
)
