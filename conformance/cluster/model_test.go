package cluster

import "github.com/anishathalye/porcupine"

// A name is what requests can tell of one: of a secret, or of a certificate.
type name struct {
	there   bool
	enabled bool
	value   string // of the secret; of the certificate its DER
	order   state
	id      string // of the order; "" where its answer was lost
}

// A state is that of an order that waits for a merge.
type state int

const (
	noOrder state = iota
	waits
	mayEnd // it was asked to be cancelled, and is some time
	ended  // and it was seen that it is
)

// register is how one name behaves. A request whose outcome is not known has its
// effect if it can have one: that it had none is the same as that it comes last.
var register = porcupine.Model{
	Init: func() any { return name{} },
	Step: func(is, in, out any) (bool, any) {
		return is.(name).step(in.(asked), out.(got))
	},
}

func (n name) step(in asked, out got) (bool, any) {
	switch in.do {
	case "set":
		return out.unknown || out.status == 200, name{there: true, enabled: true, value: in.value}
	case "disable":
		return n.disable(out)
	case "get":
		return out == n.secret(), n
	case "create":
		return n.create(out)
	case "cancel":
		return n.cancel(out)
	case "import":
		return n.replace(in, out)
	case "pending":
		return n.pending(out)
	}
	if !n.there {
		return out.status == 404, n
	}
	return out.status == 200 && out.text == n.value, n
}

// secret is the answer to a GET of one.
func (n name) secret() got {
	switch {
	case !n.there:
		return got{status: 404}
	case !n.enabled:
		return got{status: 403}
	}
	return got{status: 200, text: n.value}
}

func (n name) disable(out got) (bool, name) {
	was := n
	n.enabled = false
	switch {
	case out.unknown:
		return true, n
	case !was.there:
		return out.status == 404, was
	}
	return out.status == 200, n
}

// create begins an order, unless one is in progress. One that may end has or has not.
func (n name) create(out got) (bool, name) {
	if out.status == 409 {
		return n.order == waits || n.order == mayEnd, n
	}
	if n.order == waits {
		return out.unknown, n
	}
	n.there, n.order, n.id = true, waits, out.id
	return out.unknown || out.status == 202, n
}

func (n name) cancel(out got) (bool, name) {
	running, over := n, n
	running.order, over.order = mayEnd, ended
	switch {
	case out.unknown && n.order != waits:
		return true, n
	case out.unknown || out.status == 200:
		return n.order == waits || n.order == mayEnd, running
	case out.status == 400:
		return n.order == mayEnd || n.order == ended, over
	}
	return out.status == 404 && n.order == noOrder, n
}

// replace is an import: it takes the place of an order that is over.
func (n name) replace(in asked, out got) (bool, name) {
	if out.status == 409 {
		return n.order == waits || n.order == mayEnd, n
	}
	if n.order == waits {
		return out.unknown, n
	}
	return out.unknown || out.status == 200, name{there: true, value: in.brought.Certificate}
}

func (n name) pending(out got) (bool, name) {
	if n.order == noOrder {
		return out.status == 404, n
	}
	known := n.id == "" || n.id == out.id
	n.id = out.id
	switch out.text {
	case "inProgress":
		return known && (n.order == waits && !out.cancelled || n.order == mayEnd && out.cancelled), n
	case "cancelled":
		is := n.order == mayEnd || n.order == ended
		n.order = ended
		return known && is, n
	}
	return false, n
}
