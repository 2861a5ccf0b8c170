package admin

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"certwright/internal/vault"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 4 << 10

// furthest is as far as one request moves the clock.
const furthest = 100 * 365 * 24 * time.Hour

// A Clock is the answer of /admin/clock (docs/decisions/003-jobs.md).
type Clock struct {
	Now    time.Time `json:"now"`
	Offset string    `json:"offset"` // from real time, as time.ParseDuration reads it
}

func readClock(h *Handler, _ *http.Request) (answer, error) {
	now, offset := h.Now()
	return answer{body: Clock{now.UTC().Truncate(time.Second), offset.String()}}, nil
}

// A ClockMove asks for the clock to be moved.
type ClockMove struct {
	Advance *string `json:"advance"` // as ParseDuration reads it
}

// moveClock moves the clock forward. The answer comes when all that fell due
// on the way is done.
func moveClock(h *Handler, r *http.Request) (answer, error) {
	var in ClockMove
	if err := readJSON(r, &in); err != nil {
		return answer{}, err
	}
	if in.Advance == nil {
		return answer{}, vault.Bad(`The member "advance" is missing: say {"advance":"720h"} or {"advance":"30d"}.`)
	}
	by, err := ParseDuration(*in.Advance)
	if err != nil {
		return answer{}, err
	}
	if err := h.Advance(r.Context(), by); err != nil {
		return answer{}, err
	}
	return readClock(h, r)
}

// ParseDuration reads how far to move the clock: a Go duration ("720h",
// "1h30m"), days ("60d"), or days followed by a Go duration ("1d12h"). It is
// refused when it is negative, since the clock never goes back, or beyond a
// hundred years.
func ParseDuration(s string) (time.Duration, error) {
	bad := vault.Bad("advance %q is not a duration: use 60d, 720h or 1d12h, up to 36500d and not negative.", printable(s))
	text := strings.TrimSpace(s)
	var d time.Duration
	if days, rest, ok := strings.Cut(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 32)
		if err != nil || n > uint64(furthest/(24*time.Hour)) {
			return 0, bad
		}
		d, text = time.Duration(n)*24*time.Hour, rest
		if rest == "" {
			return d, nil
		}
	}
	part, err := time.ParseDuration(text)
	if err != nil || part < 0 || part > furthest-d || strings.HasPrefix(text, "-") || strings.HasPrefix(text, "+") {
		return 0, bad
	}
	return d + part, nil
}

// readJSON reads the one JSON object of a body into v.
func readJSON(r *http.Request, v any) error {
	in := json.NewDecoder(r.Body)
	in.DisallowUnknownFields()
	err := in.Decode(v)
	if err == nil && !errors.Is(in.Decode(&struct{}{}), io.EOF) {
		return vault.Bad("The body holds more than one JSON object.")
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return vault.BodyTooLarge(large.Limit)
	case errors.Is(err, io.EOF):
		return vault.Bad("The body is empty; it must be a JSON object.")
	case err != nil:
		return vault.Bad("The body is not the JSON object that is wanted here: %s.", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}
