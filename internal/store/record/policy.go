package record

import "certwright/internal/vault"

// policyRecord is a vault.Policy as stored. In all records omitzero leaves out
// a nil list and keeps an empty one: the wire keeps them apart.
type policyRecord struct {
	KeyType    string           `json:"kty,omitzero"`
	Curve      string           `json:"crv,omitzero"`
	Size       int              `json:"size,omitzero"`
	Exportable bool             `json:"exportable,omitzero"`
	Reuse      bool             `json:"reuse,omitzero"`
	Secret     string           `json:"content_type,omitzero"`
	Subject    string           `json:"subject,omitzero"`
	SANs       *sansRecord      `json:"sans,omitzero"`
	EKUs       []string         `json:"ekus,omitzero"`
	Usage      []vault.KeyUsage `json:"usage,omitzero"`
	Months     int              `json:"months,omitzero"`
	CA         bool             `json:"ca,omitzero"`
	Lifetime   []actionRecord   `json:"lifetime,omitzero"`
	Issuer     string           `json:"issuer,omitzero"`
	CertType   string           `json:"cty,omitzero"`
	Transp     *bool            `json:"transparency,omitzero"`
	Platform   *platformRecord  `json:"platform,omitzero"`
	Enabled    bool             `json:"enabled,omitzero"`
	Created    *int64           `json:"created,omitzero"`
	Updated    *int64           `json:"updated,omitzero"`
	Later      vault.Later      `json:"...,omitzero"`
}

type sansRecord struct {
	DNS    []string    `json:"dns,omitzero"`
	Emails []string    `json:"emails,omitzero"`
	UPNs   []string    `json:"upns,omitzero"`
	URIs   []string    `json:"uris,omitzero"`
	IPs    []string    `json:"ips,omitzero"`
	Later  vault.Later `json:"...,omitzero"`
}

type actionRecord struct {
	Percent int         `json:"percent,omitzero"`
	Days    int         `json:"days,omitzero"`
	Action  string      `json:"action"`
	Later   vault.Later `json:"...,omitzero"`
}

type platformRecord struct {
	CertificateUsage string      `json:"usage,omitzero"`
	Metadata         []byte      `json:"metadata,omitzero"`
	Later            vault.Later `json:"...,omitzero"`
}

func fromPolicy(p vault.Policy) policyRecord {
	r := policyRecord{
		KeyType: string(p.Key.Type), Curve: string(p.Key.Curve), Size: p.Key.Size,
		Exportable: p.Key.Exportable, Reuse: p.Key.Reuse,
		Secret:  p.Secret.ContentType,
		Subject: p.X509.Subject, SANs: (*sansRecord)(p.X509.SANs), EKUs: p.X509.EKUs, Usage: p.X509.Usage,
		Months: p.X509.ValidityMonths, CA: p.X509.CA,
		Issuer: p.Issuer.Name, CertType: p.Issuer.CertType, Transp: p.Issuer.Transparency,
		Platform: (*platformRecord)(p.Platform),
		Enabled:  p.Enabled, Created: Nanos(p.Created), Updated: Nanos(p.Updated), Later: p.Later,
	}
	if p.Lifetime != nil {
		r.Lifetime = make([]actionRecord, len(p.Lifetime))
	}
	for i, a := range p.Lifetime {
		r.Lifetime[i] = actionRecord{Percent: a.Trigger.LifetimePercentage, Days: a.Trigger.DaysBeforeExpiry, Action: a.Action, Later: a.Later}
	}
	return r
}

func (r policyRecord) policy() vault.Policy {
	p := vault.Policy{
		Key: vault.KeyProps{Type: vault.KeyType(r.KeyType), Curve: vault.Curve(r.Curve), Size: r.Size,
			Exportable: r.Exportable, Reuse: r.Reuse},
		Secret: vault.SecretProps{ContentType: r.Secret},
		X509: vault.X509Props{Subject: r.Subject, SANs: (*vault.SANs)(r.SANs), EKUs: r.EKUs, Usage: r.Usage,
			ValidityMonths: r.Months, CA: r.CA},
		Issuer:   vault.IssuerParams{Name: r.Issuer, CertType: r.CertType, Transparency: r.Transp},
		Platform: (*vault.PlatformManaged)(r.Platform),
		Enabled:  r.Enabled, Created: AtNanos(r.Created), Updated: AtNanos(r.Updated), Later: r.Later,
	}
	if r.Lifetime != nil {
		p.Lifetime = make([]vault.LifetimeAction, len(r.Lifetime))
	}
	for i, a := range r.Lifetime {
		p.Lifetime[i] = vault.LifetimeAction{Action: a.Action, Later: a.Later,
			Trigger: vault.Trigger{LifetimePercentage: a.Percent, DaysBeforeExpiry: a.Days}}
	}
	return p
}
