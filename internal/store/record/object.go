package record

import (
	"reflect"
	"time"

	"certwright/internal/vault"
)

// objectRecord is what an object carries beside the columns of its row. What is
// not there takes no room.
type objectRecord struct {
	V           int                     `json:"v"`
	Created     *int64                  `json:"created,omitzero"`
	Policy      *policyRecord           `json:"policy,omitzero"`
	Rotation    *rotationRecord         `json:"rotation,omitzero"`
	Placeholder *placeholderRecord      `json:"placeholder,omitzero"`
	Operation   *operationRecord        `json:"operation,omitzero"`
	Schedule    scheduleRecord          `json:"schedule,omitzero"`
	Jobs        map[vault.JobKind]int64 `json:"jobs,omitzero"`
	Later       vault.Later             `json:"...,omitzero"`
}

// placeholderRecord is a vault.Placeholder as stored.
type placeholderRecord struct {
	attributesRecord
	Tags  map[string]string `json:"tags,omitzero"`
	Later vault.Later       `json:"...,omitzero"`
}

// attributesRecord is vault.Attributes as stored in a record: in whole seconds.
type attributesRecord struct {
	Enabled bool   `json:"enabled,omitzero"`
	NBF     *int64 `json:"nbf,omitzero"`
	Exp     *int64 `json:"exp,omitzero"`
	Created *int64 `json:"created,omitzero"`
	Updated *int64 `json:"updated,omitzero"`
}

func fromAttributes(a vault.Attributes) attributesRecord {
	return attributesRecord{Enabled: a.Enabled, NBF: Seconds(a.NotBefore), Exp: Seconds(a.Expires),
		Created: Seconds(a.Created), Updated: Seconds(a.Updated)}
}

func (r attributesRecord) attributes() vault.Attributes {
	return vault.Attributes{Enabled: r.Enabled, NotBefore: AtSeconds(r.NBF), Expires: AtSeconds(r.Exp),
		Created: AtSeconds(r.Created), Updated: AtSeconds(r.Updated)}
}

// fromObject returns the body of an object and its bytes.
func fromObject(o *vault.Object) (objectRecord, packed) {
	var raw packed
	r := objectRecord{V: recordVersion, Created: Nanos(o.Created), Rotation: fromRotation(o.Rotation), Schedule: fromSchedule(o.Schedule), Later: o.Later}
	if o.Policy != nil {
		p := fromPolicy(*o.Policy)
		r.Policy = &p
	}
	if p := o.Placeholder; p != nil {
		r.Placeholder = &placeholderRecord{fromAttributes(p.Attributes), p.Tags, p.Later}
	}
	if o.Operation != nil {
		r.Operation = fromOperation(o, &raw)
	}
	if len(o.Jobs) > 0 {
		r.Jobs = make(map[vault.JobKind]int64, len(o.Jobs))
	}
	for kind, due := range o.Jobs {
		r.Jobs[kind] = Instant(due)
	}
	return r, raw
}

// samePolicy reports whether an operation is still about its object's policy,
// which then is stored once.
func samePolicy(o *vault.Object) bool {
	return o.Policy != nil && reflect.DeepEqual(*o.Policy, o.Operation.Policy)
}

// fill sets what an object carries.
func (r *objectRecord) fill(o *vault.Object, raw packed) (err error) {
	o.Created, o.Rotation, o.Placeholder, o.Schedule = AtNanos(r.Created), r.Rotation.policy(), r.Placeholder.placeholder(), r.Schedule.schedule()
	o.Later = r.Later
	if r.Policy != nil {
		p := r.Policy.policy()
		o.Policy = &p
	}
	if r.Operation != nil {
		if o.Operation, err = r.Operation.operation(o.Ref, r.Policy, raw); err != nil {
			return err
		}
	}
	if len(r.Jobs) > 0 {
		o.Jobs = make(map[vault.JobKind]time.Time, len(r.Jobs))
	}
	for kind, due := range r.Jobs {
		o.Jobs[kind] = AtInstant(due)
	}
	return nil
}

func (r *placeholderRecord) placeholder() *vault.Placeholder {
	if r == nil {
		return nil
	}
	return &vault.Placeholder{Attributes: r.attributes(), Tags: r.Tags, Later: r.Later}
}
