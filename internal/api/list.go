package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"unicode/utf8"

	"certwright/internal/service"
	"certwright/internal/vault"
)

// pageJSON is one page of a list; nextLink is null at the end, never absent.
type pageJSON[T any] struct {
	Value    []T     `json:"value"`
	NextLink *string `json:"nextLink"`
}

// page encodes one page. collection is the list's URL.
func page[T, J any](c *call, p service.Page[T], in service.ListInput, collection string, item func(T) J) answer {
	out := pageJSON[J]{Value: make([]J, 0, len(p.Items))}
	for _, it := range p.Items {
		out.Value = append(out.Value, item(it))
	}
	if p.Next != "" {
		next := collection + "?api-version=" + url.QueryEscape(c.version.text) + "&$skiptoken=" + skipToken(p.Next, in.IncludePending)
		if _, asked, _ := c.query.limit(); asked != "" {
			next += "&maxresults=" + asked
		}
		out.NextLink = &next
	}
	return answer{body: out}
}

// listInput reads the parameters of a list.
func (c *call) listInput() (in service.ListInput, err error) {
	if in.Limit, _, err = c.query.limit(); err != nil {
		return in, err
	}
	if in.IncludePending, err = c.query.flag("includePending"); err != nil {
		return in, err
	}
	if token := c.query.get("$skiptoken"); token != "" {
		var pending bool
		in.After, pending, err = readSkipToken(token)
		in.IncludePending = in.IncludePending || pending
	}
	return in, err
}

// A skipTokenJSON is a place in a list, as the service wraps it (WIRE section 3).
type skipTokenJSON struct {
	NextMarker     string
	TargetLocation int
}

// The marker says whether pending certificates are listed too, since the
// recorded nextLink drops includePending, and then which key comes before.
const (
	markAll     = "1!all!"
	markPending = "1!pending!"
)

func skipToken(after string, pending bool) string {
	mark := markAll
	if pending {
		mark = markPending
	}
	b, _ := json.Marshal(skipTokenJSON{NextMarker: mark + after}) // a string and a number always encode
	return base64.RawURLEncoding.EncodeToString(b)
}

func readSkipToken(token string) (after string, pending bool, err error) {
	bad := vault.Bad("The query parameter $skiptoken is not one that this service gave out.")
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(token, "="))
	if err != nil || !utf8.Valid(b) {
		return "", false, bad
	}
	var t skipTokenJSON
	if json.Unmarshal(b, &t) != nil || t.TargetLocation != 0 || len(t.NextMarker) > 512 {
		return "", false, bad
	}
	after, pending = strings.CutPrefix(t.NextMarker, markPending)
	if !pending {
		var all bool
		if after, all = strings.CutPrefix(t.NextMarker, markAll); !all {
			return "", false, bad
		}
	}
	if after == "" {
		return "", false, bad
	}
	return after, pending, nil
}

// certificateItem is a certificate, or a version of one, in a list. subject is
// always there and always empty, as recorded.
type certificateItem struct {
	ID         string            `json:"id"`
	Thumbprint string            `json:"x5t,omitempty"`
	Attributes attributesJSON    `json:"attributes"`
	Tags       map[string]string `json:"tags,omitzero"`
	Subject    *string           `json:"subject,omitempty"`
}

type deletedCertificateItem struct {
	*deletionJSON
	certificateItem
}

func (v view) certificateItem(id string, e vault.Entry, _ vault.Settings) certificateItem {
	subject := ""
	return certificateItem{ID: id, Thumbprint: base64.RawURLEncoding.EncodeToString(e.Thumbprint),
		Attributes: dates(e.Attributes), Tags: e.Tags, Subject: &subject}
}

func (v view) deletedCertificateItem(id string, e vault.Entry, s vault.Settings) deletedCertificateItem {
	item := v.certificateItem(id, e, s)
	item.Attributes, item.Subject = v.attributes(e.Attributes, s), nil
	return deletedCertificateItem{v.deletion(e.Ref, e.Deletion), item}
}

// serve is the one signature of the table's functions.
type serve = func(*service.Service, *call) (answer, error)

// An item encodes an entry of a list under the identifier it has there.
type item[J any] = func(v view, id string, e vault.Entry, s vault.Settings) J

// listObjects serves a whole collection, live or deleted.
func listObjects[J any](kind vault.Kind, deleted bool,
	read func(*service.Service, context.Context, vault.Caller, string, service.ListInput) (service.Page[vault.Entry], error),
	encode item[J]) serve {
	collection := "/" + string(kind)
	if deleted {
		collection = "/deleted" + string(kind)
	}
	return func(s *service.Service, c *call) (answer, error) {
		in, err := c.listInput()
		if err != nil {
			return answer{}, err
		}
		in.Deleted = deleted
		p, err := read(s, c.ctx, c.who, c.vault, in)
		if err != nil {
			return answer{}, err
		}
		v := c.view()
		return page(c, p, in, string(c.base)+collection, func(e vault.Entry) J {
			return encode(v, v.base.of(e.Ref), e, p.Settings)
		}), nil
	}
}

// listVersions serves the versions of one object.
func listVersions[J any](kind vault.Kind,
	read func(*service.Service, context.Context, vault.Caller, vault.Ref, service.ListInput) (service.Page[vault.Entry], error),
	encode item[J]) serve {
	return func(s *service.Service, c *call) (answer, error) {
		in, err := c.listInput()
		if err != nil {
			return answer{}, err
		}
		ref := c.ref(kind)
		p, err := read(s, c.ctx, c.who, ref, in)
		if err != nil {
			return answer{}, err
		}
		v := c.view()
		return page(c, p, in, v.base.of(ref)+"/versions", func(e vault.Entry) J {
			return encode(v, v.base.at(e.Ref, e.ID), e, p.Settings)
		}), nil
	}
}
