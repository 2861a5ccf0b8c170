package admin

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"certwright/internal/audit"
	"certwright/internal/vault"
)

// An Operator is what the people who run the server may see and do of orders and
// certificates; service.Service is one.
type Operator interface {
	// Underway lists operations in progress of a vault, "" for all, in order,
	// after a place; next is the place to go on after, zero at the end.
	Underway(ctx context.Context, vaultName string, after vault.Ref, limit int) (page []vault.Standing, next vault.Ref, err error)
	// Failed lists operations that failed and were not followed by another, as
	// Underway does; a page may be shorter than limit before the end.
	Failed(ctx context.Context, vaultName string, after vault.Ref, limit int) (page []vault.Standing, next vault.Ref, err error)
	// History returns an operation, in progress or ended, with its history.
	History(ctx context.Context, ref vault.Ref) (vault.Standing, error)
	// Retry has what waits of a certificate tried at once.
	Retry(ctx context.Context, ref vault.Ref) (vault.Standing, error)
	// Decide puts an operator's word on an operation that asks for one; requestID
	// "" means the one that there is.
	Decide(ctx context.Context, ref vault.Ref, requestID string, approved bool, message string) (vault.Operation, error)
	// Register has an issuer registered anew at its authority, and returns it and
	// the account's name there.
	Register(ctx context.Context, vaultName, issuer string) (cfg vault.IssuerConfig, account string, err error)
	// Revoke has a version of a certificate, "" for the latest, revoked by who
	// issued it, for a reason of RFC 5280 section 5.3.1.
	Revoke(ctx context.Context, ref vault.Ref, version string, reason int) (vault.Version, error)
}

// Limits of what is asked and shown.
const (
	operationsPage = 100 // operations on a page, at most and unless less is asked for
	maxMessage     = 500 // bytes of an operator's message
)

// An Operation is an order as the side door shows it.
type Operation struct {
	Vault           string     `json:"vault"`
	Name            string     `json:"name"`
	RequestID       string     `json:"request_id"`
	Status          string     `json:"status"`
	Details         string     `json:"status_details,omitempty"` // as the vault's wire says it
	WaitsFor        string     `json:"waits_for,omitempty"`      // the same for people, while in progress
	Error           *Failure   `json:"error,omitempty"`
	Target          string     `json:"target,omitempty"` // the version that it made
	Issuer          string     `json:"issuer"`
	Provider        string     `json:"provider,omitempty"` // none for Self and Unknown
	Since           time.Time  `json:"since"`              // on the server's clock
	Attempt         int        `json:"attempt"`            // errors in a row so far
	CancelRequested bool       `json:"cancellation_requested"`
	WantsApproval   bool       `json:"waits_for_approval"`
	Decision        *Decision  `json:"decision,omitempty"`
	Renewal         bool       `json:"renewal"`                // begun by the server, not by a caller
	Again           *time.Time `json:"again,omitempty"`        // in progress: when it is looked at next
	Until           *time.Time `json:"until,omitempty"`        // in progress: when it is given up if the authority leaves it waiting
	Expires         *time.Time `json:"expires,omitempty"`      // the version in use
	Due             *time.Time `json:"renewal_due,omitempty"`  // since when the renewal of that version is
	Tries           int        `json:"failed_tries,omitempty"` // to renew that version
	Next            *time.Time `json:"next_renewal,omitempty"` // the next try, or the renewal as planned, where nothing is in progress
	History         []Sentence `json:"history,omitempty"`      // oldest first
}

// A Failure is why an operation ended without a certificate, or a request was refused.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// A Decision is what an operator said to an order that asked.
type Decision struct {
	At       time.Time `json:"at"`
	Approved bool      `json:"approved"`
	Message  string    `json:"message,omitempty"`
}

// A Sentence is one line of an operation's history, said once or again and again.
type Sentence struct {
	At    time.Time `json:"at"`
	Last  time.Time `json:"last"`
	Times int       `json:"times"`
	Text  string    `json:"text"`
}

// Operations is a page of what is in progress. Next, if there is more, is the
// value of after that continues it: the vault and name of the last one.
type Operations struct {
	Operations []Operation `json:"operations"`
	Next       string      `json:"next,omitempty"`
}

func operationOf(st vault.Standing) Operation {
	o := st.Operation
	shown := Operation{
		Vault: o.Vault, Name: o.Name, RequestID: o.RequestID, Status: string(o.Status), Target: o.Target,
		Issuer: o.IssuerName, Since: o.Created.UTC(), Attempt: o.Attempt, CancelRequested: o.CancelRequested, WantsApproval: o.WantsApproval,
		Renewal: o.Renewal, Again: at(st.Again), Until: at(st.Until), Expires: at(st.Expires), Due: at(st.Due), Tries: st.Tries, Next: at(st.Next),
	}
	shown.Details, _ = o.Details()
	shown.WaitsFor = o.WaitsFor()
	if o.Issuer != nil {
		shown.Provider = o.Issuer.Provider
	}
	if o.Failure != nil {
		shown.Error = &Failure{o.Failure.Code, o.Failure.Message}
	}
	if a := o.Approval; a != nil {
		shown.Decision = &Decision{a.At.UTC(), a.Approved, a.Message}
	}
	return shown
}

// at is a time as JSON has it; nil for none.
func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func withHistory(o vault.Standing) Operation {
	shown := operationOf(o)
	for _, n := range o.History {
		shown.History = append(shown.History, Sentence{n.At.UTC(), n.Last.UTC(), n.Times, n.Text})
	}
	return shown
}

// listOperations answers with what is in progress, or what failed: ?status=,
// ?vault=, ?after=, ?limit=.
func listOperations(h *Handler, r *http.Request) (answer, error) {
	q := r.URL.Query()
	name := strings.ToLower(q.Get("vault"))
	if name != "" {
		if err := vault.CheckVaultName(name); err != nil {
			return answer{}, err
		}
	}
	after, err := placeOf(q.Get("after"))
	if err != nil {
		return answer{}, err
	}
	limit, err := limitOf(q.Get("limit"), operationsPage)
	if err != nil {
		return answer{}, err
	}
	pages := map[string]func(context.Context, string, vault.Ref, int) ([]vault.Standing, vault.Ref, error){
		"": h.Operator.Underway, string(vault.InProgress): h.Operator.Underway, string(vault.Failed): h.Operator.Failed,
	}
	page := pages[q.Get("status")]
	if page == nil {
		return answer{}, vault.Bad("status must be %s or %s.", vault.InProgress, vault.Failed)
	}
	found, next, err := page(r.Context(), name, after, limit)
	if err != nil {
		return answer{}, err
	}
	list := Operations{Operations: []Operation{}}
	for _, o := range found {
		list.Operations = append(list.Operations, operationOf(o))
	}
	if next != (vault.Ref{}) {
		list.Next = next.Vault + "/" + next.Name
	}
	return answer{body: list}, nil
}

// placeOf reads what Operations.Next said; "" is the beginning.
func placeOf(text string) (vault.Ref, error) {
	if text == "" {
		return vault.Ref{}, nil
	}
	vaultName, name, _ := strings.Cut(text, "/")
	ref, err := refOf(vaultName, name)
	if err != nil {
		return ref, vault.Bad("after must be what the page before named as next.")
	}
	return ref, nil
}

// limitOf reads how long a page may be; "" is as long as pages are.
func limitOf(text string, most int) (int, error) {
	if text == "" {
		return most, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, vault.Bad("limit must be a number from 1 to %d.", most)
	}
	return n, nil
}

// refOf names the certificate of a path.
func refOf(vaultName, name string) (vault.Ref, error) {
	if err := vault.CheckVaultName(vaultName); err != nil {
		return vault.Ref{}, err
	}
	return vault.Ref{Vault: strings.ToLower(vaultName), Kind: vault.Certificates, Name: name}, vault.CheckName(name)
}

// showOperation answers with one operation and all that happened to it.
func showOperation(h *Handler, r *http.Request) (answer, error) {
	ref, err := refOf(r.PathValue("vault"), r.PathValue("name"))
	if err != nil {
		return answer{}, err
	}
	o, err := h.Operator.History(r.Context(), ref)
	return answer{body: withHistory(o)}, err
}

// A DecisionRequest is an operator's word on an operation.
type DecisionRequest struct {
	Decision  string `json:"decision"` // Approve or Reject
	Message   string `json:"message,omitempty"`
	RequestID string `json:"request_id,omitempty"` // which operation is meant; "" is the one that there is
}

// What a DecisionRequest may say.
const (
	Approve = "approve"
	Reject  = "reject"
)

// decide puts an operator's word on an operation.
func decide(h *Handler, r *http.Request) (answer, error) {
	ref, err := refOf(r.PathValue("vault"), r.PathValue("name"))
	if err != nil {
		return answer{}, err
	}
	var in DecisionRequest
	if err := readJSON(r, &in); err != nil {
		return answer{}, err
	}
	switch {
	case in.Decision != Approve && in.Decision != Reject:
		return answer{}, vault.Bad(`The member "decision" must be "approve" or "reject".`)
	case len(in.Message) > maxMessage:
		return answer{}, vault.Bad("The message is longer than %d bytes.", maxMessage)
	}
	if err := begins(r, ref, audit.Fact{Name: "decision", Value: in.Decision}); err != nil {
		return answer{}, err
	}
	o, err := h.Operator.Decide(r.Context(), ref, in.RequestID, in.Decision == Approve, in.Message)
	return answer{body: withHistory(vault.Standing{Operation: o})}, err
}

// A RetryRequest names the certificate whose failed renewal or waiting order is
// tried at once.
type RetryRequest struct {
	Vault       string `json:"vault"`
	Certificate string `json:"certificate"`
}

// retry has what waits of a certificate tried at once.
func retry(h *Handler, r *http.Request) (answer, error) {
	var in RetryRequest
	if err := readJSON(r, &in); err != nil {
		return answer{}, err
	}
	ref, err := refOf(in.Vault, in.Certificate)
	if err != nil {
		return answer{}, err
	}
	if err := begins(r, ref); err != nil {
		return answer{}, err
	}
	o, err := h.Operator.Retry(r.Context(), ref)
	return answer{body: withHistory(o)}, err
}
