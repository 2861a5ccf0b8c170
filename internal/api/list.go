package api

import (
	"encoding/base64"
	"net/url"

	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// pageJSON is one page of a list; nextLink is null at the end, never absent.
type pageJSON[T any] struct {
	Value    []T     `json:"value"`
	NextLink *string `json:"nextLink"`
}

// listed answers with one page of what list returns. collection is the list's URL.
func listed[T, J any](c *call, collection string, list func(service.ListInput) (service.Page[T], error), item func(T, vault.Settings) J) (answer, error) {
	in, err := c.listInput()
	if err != nil {
		return answer{}, err
	}
	p, err := list(in)
	if err != nil {
		return answer{}, err
	}
	out := pageJSON[J]{Value: make([]J, 0, len(p.Items))}
	for _, it := range p.Items {
		out.Value = append(out.Value, item(it, p.Settings))
	}
	if p.Next != "" {
		next := collection + "?api-version=" + url.QueryEscape(c.version.Text) + "&$skiptoken=" + wire.SkipToken(p.Next, in.IncludePending)
		if _, asked, _ := c.query.Limit(); asked != "" {
			next += "&maxresults=" + asked
		}
		out.NextLink = &next
	}
	return answer{body: out}, nil
}

// listInput reads the parameters of a list.
func (c *call) listInput() (in service.ListInput, err error) {
	if in.Limit, _, err = c.query.Limit(); err != nil {
		return in, err
	}
	if in.IncludePending, err = c.query.Flag("includePending"); err != nil {
		return in, err
	}
	if token := c.query.Get("$skiptoken"); token != "" {
		var pending bool
		in.After, pending, err = wire.ReadSkipToken(token)
		in.IncludePending = in.IncludePending || pending
	}
	return in, err
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
