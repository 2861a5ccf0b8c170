package pages

import (
	"bufio"
	"net/http"
	"strings"
	"time"

	"certwright/internal/clock"
)

// A Sheet is a file of comma-separated values (RFC 4180) that is sent while it is
// made.
type Sheet struct {
	w       http.ResponseWriter
	rows    *bufio.Writer
	control *http.ResponseController
}

const sheetTime = 30 * time.Second // for a client to take what was made

// NewSheet begins a file with the words over its columns.
func NewSheet(w http.ResponseWriter, name string, head ...string) *Sheet {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	s := &Sheet{w, bufio.NewWriter(w), http.NewResponseController(w)}
	s.Row(head...)
	return s
}

// Row adds one. Programs that show tables take what begins like a formula for
// one, so that nothing does.
func (s *Sheet) Row(cells ...string) {
	for i, text := range cells {
		if i > 0 {
			_ = s.rows.WriteByte(',') // what fails here fails in Flush
		}
		_, _ = s.rows.WriteString(cell(text))
	}
	_, _ = s.rows.WriteString("\r\n")
}

// Flush sends what was made; an error: the client went away.
func (s *Sheet) Flush() error {
	_ = s.control.SetWriteDeadline(clock.Real{}.Now().Add(sheetTime)) // a recorder in a test has none
	return s.rows.Flush()
}

// Cut ends a file that could not be finished so that nobody takes it for whole:
// the connection breaks off.
func (s *Sheet) Cut() {
	_ = s.control.SetWriteDeadline(clock.Real{}.Now().Add(-time.Second))
	_, _ = s.w.Write([]byte("\r\n"))
	_ = s.control.Flush()
}

// cell is a text as it stands in a file.
func cell(text string) string {
	first := strings.TrimLeft(text, " \u00a0")
	if first != "" && strings.ContainsAny(first[:1], "=+-@\t\r\n") || strings.HasPrefix(first, "＝") || strings.HasPrefix(first, "＋") || strings.HasPrefix(first, "－") || strings.HasPrefix(first, "＠") {
		text = "'" + text
	}
	if !strings.ContainsAny(text, "\",\r\n'") && strings.TrimSpace(text) == text {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}
