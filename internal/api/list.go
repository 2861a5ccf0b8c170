package api

import (
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
// always empty, and missing of a deleted one, as recorded.
type certificateItem struct {
	*deletionJSON
	ID         string            `json:"id"`
	Thumbprint string            `json:"x5t,omitempty"`
	Attributes attributesJSON    `json:"attributes"`
	Tags       map[string]string `json:"tags,omitzero"`
	Subject    *string           `json:"subject,omitempty"`
}

func (v view) certificateItem(id string, e vault.Entry, s vault.Settings) certificateItem {
	out := certificateItem{deletionJSON: v.deletion(e.Ref, e.Deletion), ID: id, Thumbprint: base64.RawURLEncoding.EncodeToString(e.Thumbprint),
		Attributes: dates(e.Attributes), Tags: e.Tags, Subject: new(string)}
	if e.Deletion != nil {
		out.Attributes, out.Subject = v.attributes(e.Attributes, s), nil
	}
	return out
}
