package outbound

import "time"

// A shareRow is what is stored of a share, as JSON.
type shareRow struct {
	Closed time.Time `json:"closed,omitzero"` // the authority said to come back then
	By     string    `json:"by,omitempty"`    // its host
	At     time.Time `json:"at,omitzero"`     // when Left was so much
	Left   []float64 `json:"left,omitempty"`  // calls, of each limit
}

// taken is the row without a handful of calls, as many as there are, or the time
// until there is one.
func (r shareRow) taken(limits []Limit, at time.Time) (next shareRow, n int, wait time.Duration) {
	r = r.past(at)
	next, n = r, handful
	next.Left = make([]float64, len(limits))
	for i, l := range limits {
		left := l.burst()
		if len(r.Left) == len(limits) {
			left = min(left, r.Left[i]+l.rate()*max(at.Sub(r.At).Seconds(), 0))
		}
		next.Left[i] = left
		n = min(n, int(left), max(int(l.burst()/8), 1))
		if left < 1 {
			wait = max(wait, time.Duration((1-left)/l.rate()*float64(time.Second))+time.Millisecond)
		}
	}
	if next.At = at; r.At.After(at) { // what was given until then is not given again
		next.At = r.At
	}
	for i := range next.Left {
		next.Left[i] -= float64(n)
	}
	return next, n, wait
}

// nearly is by how much clocks may differ that are kept right, where the database's
// is known to a tenth of a second.
const nearly = 5 * time.Second

// past is the row where it is not of the future: one that a wrong clock dated counts
// as one of now, or it would give nothing until then.
func (r shareRow) past(now time.Time) shareRow {
	if r.future(now) {
		r.At = now
	}
	return r
}

func (r shareRow) future(now time.Time) bool { return r.At.Sub(now) > nearly }

// burst is how many calls may be made at once.
func (l Limit) burst() float64 { return float64(max(l.Requests/2, 1)) }

// rate is how many more there are in a second. With what was taken a moment before,
// and with the burst, no window of the limit has more calls than it lets through.
func (l Limit) rate() float64 { return float64(l.Requests) / 2 / (l.Within + holds).Seconds() }
