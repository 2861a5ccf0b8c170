package record

import (
	"time"

	"certwright/internal/vault"
)

// operationRecord is a vault.Operation as stored in its object.
type operationRecord struct {
	Name            string            `json:"name,omitzero"` // if it is not the object's
	RequestID       string            `json:"request_id"`
	Status          string            `json:"status"`
	Detail          string            `json:"detail,omitzero"`
	Failure         *failureRecord    `json:"failure,omitzero"`
	IssuerName      string            `json:"issuer_name,omitzero"`
	CancelRequested bool              `json:"cancel_requested,omitzero"`
	CancelDue       *int64            `json:"cancel_due,omitzero"`
	CancelLost      bool              `json:"cancel_lost,omitzero"`
	PreserveOrder   bool              `json:"preserve_order,omitzero"`
	Renewal         bool              `json:"renewal,omitzero"`
	Policy          *policyRecord     `json:"policy,omitzero"` // if it is not the object's
	Enabled         bool              `json:"enabled,omitzero"`
	Tags            map[string]string `json:"tags,omitzero"`
	Issuer          *issuerRecord     `json:"issuer,omitzero"`
	IssuerVault     string            `json:"issuer_vault,omitzero"`
	Attempt         int               `json:"attempt,omitzero"`
	Hastened        *int64            `json:"hastened,omitzero"`
	Missed          *int64            `json:"missed,omitzero"`
	Unreachable     time.Duration     `json:"unasked,omitzero"`
	WantsApproval   bool              `json:"asks,omitzero"`
	MailOwed        bool              `json:"unheard,omitzero"`
	Approval        *approvalRecord   `json:"approval,omitzero"`
	History         []noteRecord      `json:"history,omitzero"`
	Target          string            `json:"target,omitzero"`
	Created         *int64            `json:"created,omitzero"`
	CSR             *int              `json:"csr,omitzero"`     // length, as in versionRecord
	Private         *int              `json:"private,omitzero"` // length
	State           *int              `json:"state,omitzero"`   // length
	Staged          *stagedRecord     `json:"staged,omitzero"`
	Later           vault.Later       `json:"...,omitzero"`
}

type failureRecord struct {
	Code    string      `json:"code"`
	Message string      `json:"message"`
	Later   vault.Later `json:"...,omitzero"`
}

type approvalRecord struct {
	At       *int64      `json:"at,omitzero"`
	Approved bool        `json:"approved,omitzero"`
	Message  string      `json:"message,omitzero"`
	Later    vault.Later `json:"...,omitzero"`
}

type noteRecord struct {
	At    *int64      `json:"at"`
	Last  *int64      `json:"last"`
	Times int         `json:"times"`
	Text  string      `json:"text"`
	Later vault.Later `json:"...,omitzero"`
}

func fromOperation(of *vault.Object, raw *packed) *operationRecord {
	o := of.Operation
	r := &operationRecord{
		RequestID: o.RequestID, Status: string(o.Status), Detail: o.Detail,
		Failure: (*failureRecord)(o.Failure), IssuerName: o.IssuerName, CancelRequested: o.CancelRequested, CancelDue: Nanos(o.CancelDue),
		CancelLost: o.CancelLost, PreserveOrder: o.PreserveOrder, Renewal: o.Renewal,
		Enabled: o.Enabled, Tags: o.Tags, Attempt: o.Attempt, Hastened: Nanos(o.Hastened), Missed: Nanos(o.Missed),
		Unreachable: o.Unreachable, WantsApproval: o.WantsApproval, MailOwed: o.MailOwed, Target: o.Target, Created: Nanos(o.Created),
		CSR: raw.put(o.CSR), Private: raw.put(o.Private), State: raw.put(o.State), Later: o.Later,
	}
	if o.Name != of.Name {
		r.Name = o.Name
	}
	if !samePolicy(of) {
		p := fromPolicy(o.Policy)
		r.Policy = &p
	}
	if o.Issuer != nil {
		issuer := fromIssuer(*o.Issuer)
		r.Issuer, r.IssuerVault = &issuer, o.Issuer.Vault
	}
	if a := o.Approval; a != nil {
		r.Approval = &approvalRecord{At: Nanos(a.At), Approved: a.Approved, Message: a.Message, Later: a.Later}
	}
	for _, n := range o.History {
		r.History = append(r.History, noteRecord{Nanos(n.At), Nanos(n.Last), n.Times, n.Text, n.Later})
	}
	if o.Staged != nil {
		r.Staged = fromStaged(*o.Staged, raw)
		r.Staged.Later = o.LaterStaged
	}
	return r
}

// operation returns the operation of the object at ref, which has a policy.
func (r *operationRecord) operation(ref vault.Ref, policy *policyRecord, raw packed) (*vault.Operation, error) {
	o := &vault.Operation{
		Ref: ref, RequestID: r.RequestID, Status: vault.Status(r.Status), Detail: r.Detail,
		Failure: (*vault.Failure)(r.Failure), IssuerName: r.IssuerName, CancelRequested: r.CancelRequested, CancelDue: AtNanos(r.CancelDue),
		CancelLost: r.CancelLost, PreserveOrder: r.PreserveOrder, Renewal: r.Renewal,
		Enabled: r.Enabled, Tags: r.Tags, Attempt: r.Attempt, Hastened: AtNanos(r.Hastened), Missed: AtNanos(r.Missed),
		Unreachable: r.Unreachable, WantsApproval: r.WantsApproval, MailOwed: r.MailOwed, Target: r.Target, Created: AtNanos(r.Created), Later: r.Later,
	}
	if r.Name != "" {
		o.Name = r.Name
	}
	if r.Policy != nil {
		policy = r.Policy
	}
	if policy != nil {
		o.Policy = policy.policy()
	}
	if r.Issuer != nil {
		issuer := r.Issuer.issuer(r.IssuerVault)
		o.Issuer = &issuer
	}
	if a := r.Approval; a != nil {
		o.Approval = &vault.Approval{At: AtNanos(a.At), Approved: a.Approved, Message: a.Message, Later: a.Later}
	}
	for _, n := range r.History {
		o.History = append(o.History, vault.Note{At: AtNanos(n.At), Last: AtNanos(n.Last), Times: n.Times, Text: n.Text, Later: n.Later})
	}
	return o, r.bytes(o, &raw)
}

// bytes sets the byte strings of an operation, and of what is staged in it.
func (r *operationRecord) bytes(o *vault.Operation, raw *packed) (err error) {
	if o.CSR, err = raw.take(r.CSR); err != nil {
		return err
	}
	if o.Private, err = raw.take(r.Private); err != nil {
		return err
	}
	if o.State, err = raw.take(r.State); err != nil || r.Staged == nil {
		return err
	}
	o.Staged, err = r.Staged.version(o.Ref, raw)
	o.LaterStaged = r.Staged.Later
	return err
}
