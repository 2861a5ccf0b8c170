package keyvault

import (
	"fmt"
	"strconv"
	"strings"
)

// Months is how long a certificate is valid.
type Months int

// UnmarshalText reads a whole number of months, or of years as in 1y.
func (m *Months) UnmarshalText(text []byte) error {
	digits, years := strings.CutSuffix(strings.TrimSuffix(string(text), "m"), "y")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > 1200 {
		return fmt.Errorf("%q is not a number of months: a vault counts whole months, as in 3 for about 90 days, or years, as in 1y", text)
	}
	if years {
		n *= 12
	}
	*m = Months(n)
	return nil
}

// ParseRenewal reads when a certificate renews by itself: 80% of its validity, 30d
// before it expires, or never: people are told then, at 80%.
func ParseRenewal(text string) (a LifetimeAction, err error) {
	a.Action.Type = "AutoRenew"
	number := func(suffix string, most int) (int, bool) {
		n, err := strconv.Atoi(strings.TrimSuffix(text, suffix))
		return n, err == nil && strings.HasSuffix(text, suffix) && n >= 1 && n <= most
	}
	if text == "never" {
		a.Action.Type, a.Trigger.Percentage = "EmailContacts", 80
		return a, nil
	}
	if n, ok := number("%", 99); ok {
		a.Trigger.Percentage = n
		return a, nil
	}
	if n, ok := number("d", 3650); ok {
		a.Trigger.Days = n
		return a, nil
	}
	return a, fmt.Errorf("%q is not a time\nhint: write 80%%, 30d or never", text)
}
