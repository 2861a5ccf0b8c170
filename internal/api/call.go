package api

import (
	"context"
	"net/url"
	"strings"

	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// A call is one request as its row sees it.
type call struct {
	ctx     context.Context
	who     vault.Caller
	vault   string
	version wire.Version
	path    route
	query   wire.Query
	accept  string
	body    []byte
	strays  *[]string // gets the members of the body that nobody knows; nil: they are not looked for
	may     bool      // it was asked before its body was read
	base    base

	rendered *renderings
}

// ref names the object of the path.
func (c *call) ref(k vault.Kind) vault.Ref {
	return vault.Ref{Vault: c.vault, Kind: k, Name: c.path.name}
}

// permitted refuses a caller that may not do what its request is for, before more
// of it is read.
func (c *call) permitted(s *service.Service) error {
	kind, _, _ := strings.Cut(string(c.path.row.asks), "/")
	err := s.Permit(c.ctx, c.who, c.path.row.asks, c.ref(vault.Kind(kind)))
	c.may = err == nil
	return err
}

// permissionFirst returns what is wrong with a request, or, of a caller that may
// not do what it is for, that: what is wrong with a body is found before service
// asks.
func (c *call) permissionFirst(s *service.Service, err error) error {
	refusal := vault.RefusalIn(err)
	if refusal == nil || c.may || c.path.row.asks == "" || refusal.Reason != vault.Invalid && refusal.Reason != vault.Unsupported {
		return err
	}
	if denied := c.permitted(s); denied != nil {
		return denied
	}
	return err
}

// decode reads the body. shown are the types of answers of which a client may send
// members back that the server sets itself.
func (c *call) decode(into any, shown ...any) error {
	err := wire.Decode(c.body, into)
	c.notes(append(shown, into)...)
	return err
}

// notes notes which members of the body none of the types has.
func (c *call) notes(like ...any) {
	if c.strays != nil {
		*c.strays = wire.Strays(c.body, like...)
	}
}

// view is what encoders need to know of the request.
func (c *call) view() view { return view{base: c.base, version: c.version} }

// An answer is what a row has to say. The zero status is 200.
type answer struct {
	status   int
	body     any    // encoded as JSON; nil: none
	text     []byte // sent as it is, in place of body
	kind     string // the content type of text
	location string
	wait     bool // an operation is in progress: Retry-After
}

// shown returns how the result of a call of service becomes its answer.
func shown[T, J any](encode func(T) J) func(T, error) (answer, error) {
	return func(it T, err error) (answer, error) {
		if err != nil {
			return answer{}, err
		}
		return answer{body: encode(it)}, nil
	}
}

// base is the URL of the vault as the client called it: https, and the Host as
// sent with its port, so that identifiers follow the server to another port
// (docs/contract/wire.md). An explicit :443 is left out, as the service does.
type base string

func baseOf(host string) base { return base("https://" + strings.TrimSuffix(host, ":443")) }

// of is the identifier of an object: https://host/certificates/name.
func (b base) of(r vault.Ref) string { return string(b) + "/" + string(r.Kind) + "/" + r.Name }

// at is the identifier of a version.
func (b base) at(r vault.Ref, id string) string { return b.of(r) + "/" + id }

// deleted is an object's recoveryId: https://host/deletedcertificates/name.
func (b base) deleted(r vault.Ref) string {
	return string(b) + "/deleted" + string(r.Kind) + "/" + r.Name
}

// policy and pending are the identifiers of a certificate's parts.
func (b base) policy(r vault.Ref) string  { return b.of(r) + "/policy" }
func (b base) pending(r vault.Ref) string { return b.of(r) + "/pending" }

// A view is a client's side of things: where it called, and how new it is.
type view struct {
	base    base
	version wire.Version
}

// target is where a completed operation points, with the version asked for
// (docs/deviations.md).
func (v view) target(r vault.Ref) string {
	return v.base.of(r) + "?api-version=" + url.QueryEscape(v.version.Text)
}
