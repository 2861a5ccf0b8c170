package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"certwright/internal/access"
	"certwright/internal/console/view"
	"certwright/internal/vault"
)

const (
	orderRows      = 50
	mostOrderReads = 200 // of so many orders each, to find those that a person may read
)

// orders lists what is under way and what failed: ?after=, ?failed= go on after a place.
func (c *Console) orders(w http.ResponseWriter, r *http.Request) error {
	var o view.Orders
	var err error
	if o.Running, o.Next, err = c.orderRows(r, "after", c.Service.Operator.Underway); err != nil {
		return err
	}
	if o.Failed, o.NextFailed, err = c.orderRows(r, "failed", c.Service.Operator.Failed); err != nil {
		return err
	}
	return show(w, r, http.StatusOK, view.OrdersPage(c.frame(r, "Orders", "/ui/orders"), o))
}

type standings = func(ctx context.Context, vaultName string, after vault.Ref, limit int) ([]vault.Standing, vault.Ref, error)

// orderRows reads a page of orders. Those that the person may not read are left out,
// and where it goes on is after one that he may.
func (c *Console) orderRows(r *http.Request, parameter string, read standings) (rows []view.OrderRow, next string, err error) {
	var after vault.Ref
	if vaultName, name, ok := strings.Cut(r.URL.Query().Get(parameter), "/"); ok {
		after = vault.Ref{Vault: vaultName, Kind: vault.Certificates, Name: name}
	}
	who := c.who(r)
	for range mostOrderReads {
		var found []vault.Standing
		if found, after, err = read(r.Context(), "", after, orderRows); err != nil {
			return nil, "", err
		}
		for _, st := range found {
			switch {
			case !c.may(r.Context(), who, getAction, st.Ref) && !c.may(r.Context(), who, access.ReadOperations, st.Ref):
			case len(rows) == orderRows:
				last := rows[orderRows-1]
				return rows, "/ui/orders?" + url.Values{parameter: {last.Vault + "/" + last.Name}}.Encode(), nil
			default:
				rows = append(rows, c.orderRow(r, who, st))
			}
		}
		if after == (vault.Ref{}) {
			break
		}
	}
	return rows, "", nil
}

func (c *Console) orderRow(r *http.Request, who vault.Caller, st vault.Standing) view.OrderRow {
	running := st.Status == vault.InProgress
	row := view.OrderRow{Vault: st.Vault, Name: st.Name, Href: href(st.Ref), Issuer: st.IssuerName, Since: c.moment(st.Created), Again: c.moment(st.Again), RequestID: st.RequestID,
		Asks: running && st.WantsApproval}
	if !running {
		row.Again = c.moment(st.Next)
	}
	row.State, row.Words = c.standing(st)
	row.Cancel = running && !st.CancelRequested && c.may(r.Context(), who, updateAction, st.Ref)
	row.Merge = st.Private != nil && st.MayMerge() == nil && c.may(r.Context(), who, createAction, st.Ref)
	if c.may(r.Context(), who, access.WriteOperations, st.Ref) {
		row.Decide, row.Retry = true, c.retries(st)
	}
	return row
}

// retries reports whether an order, or the renewal that it was, can be tried at once.
func (c *Console) retries(st vault.Standing) bool {
	_, err := st.Hasten(c.now())
	return err == nil && !st.Self() || st.Status == vault.Failed && st.Tries > 0
}
