package api

import (
	"net/http"

	"certwright/internal/service"
	"certwright/internal/vault"
)

// secretJSON is a version of a secret in the recorded order of members (WIRE
// section 4). value is missing where it is deleted.
type secretJSON struct {
	Value       *string           `json:"value,omitempty"`
	ContentType string            `json:"contentType,omitempty"`
	ID          string            `json:"id"`
	Managed     bool              `json:"managed,omitempty"`
	Attributes  attributesJSON    `json:"attributes"`
	Tags        map[string]string `json:"tags,omitzero"`
	KeyID       string            `json:"kid,omitempty"`
	Previous    string            `json:"previousVersion,omitempty"`
}

type deletedSecretJSON struct {
	*deletionJSON
	secretJSON
}

// secretItem is a secret, or a version of one, in a list.
type secretItem struct {
	ContentType string            `json:"contentType,omitempty"`
	ID          string            `json:"id"`
	Managed     bool              `json:"managed,omitempty"`
	Attributes  attributesJSON    `json:"attributes"`
	Tags        map[string]string `json:"tags,omitzero"`
}

type deletedSecretItem struct {
	*deletionJSON
	secretItem
}

func (v view) secret(s service.Secret) secretJSON {
	ref, id := s.Version.Ref, s.Version.ID
	out := secretJSON{ID: v.base.at(ref, id), Managed: s.Version.Managed,
		Attributes: v.attributes(s.Version.Attributes, s.Settings), Tags: s.Version.Tags}
	if s.Version.Managed {
		out.KeyID = v.base.at(ref.As(vault.Keys), id)
	}
	if body := s.Version.Secret; body != nil {
		out.ContentType = body.ContentType
		if v.version.has(secretExtras) {
			out.Previous = body.Previous
		}
	}
	return out
}

func (v view) secretItem(id string, e vault.Entry, s vault.Settings) secretItem {
	return secretItem{ContentType: e.ContentType, ID: id, Managed: e.Managed, Attributes: v.attributes(e.Attributes, s), Tags: e.Tags}
}

func (v view) deletedSecretItem(id string, e vault.Entry, s vault.Settings) deletedSecretItem {
	return deletedSecretItem{v.deletion(e.Ref, e.Deletion), v.secretItem(id, e, s)}
}

// getSecret keeps the usual form only: another one is made anew each time.
func getSecret() serve {
	usual := kept(vault.Secrets, "secrets/get", readSecret)
	return func(s *service.Service, c *call) (answer, error) {
		form := c.query.get("outContentType")
		if form == "" || !c.version.has(secretExtras) {
			return usual(s, c)
		}
		return c.secretAnswer(s.GetSecret(c.ctx, c.who, c.ref(vault.Secrets), c.path.version, form))
	}
}

func readSecret(s *service.Service, c *call) (any, bool, error) {
	secret, err := s.GetSecret(c.ctx, c.who, c.ref(vault.Secrets), c.path.version, "")
	if err != nil {
		return nil, false, err
	}
	out := c.view().secret(secret)
	out.Value = &secret.Value
	return out, true, nil
}

// secretAnswer is the answer with the value.
func (c *call) secretAnswer(secret service.Secret, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	out := c.view().secret(secret)
	out.Value = &secret.Value
	return answer{body: out}, nil
}

// secretHeadAnswer is the answer without the value, of all else.
func (c *call) secretHeadAnswer(secret service.Secret, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.view().secret(secret)}, nil
}

func (c *call) deletedSecretAnswer(secret service.Secret, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	v := c.view()
	return answer{body: deletedSecretJSON{v.deletion(secret.Version.Ref, secret.Deletion), v.secret(secret)}}, nil
}

func setSecret(s *service.Service, c *call) (answer, error) {
	var in struct {
		Value       *string        `json:"value"`
		ContentType string         `json:"contentType"`
		Attributes  *attributesIn  `json:"attributes"`
		Tags        secretTagsJSON `json:"tags"`
	}
	if err := decode(c.body, &in); err != nil {
		return answer{}, err
	}
	if in.Value == nil {
		return answer{}, missing("value")
	}
	attrs, err := in.Attributes.input()
	if err != nil {
		return answer{}, err
	}
	return c.secretAnswer(s.SetSecret(c.ctx, c.who, c.ref(vault.Secrets),
		service.SecretInput{Value: *in.Value, ContentType: in.ContentType, Attributes: attrs, Tags: in.Tags}))
}

func updateSecret(s *service.Service, c *call) (answer, error) {
	var in struct {
		ContentType *string        `json:"contentType"`
		Attributes  *attributesIn  `json:"attributes"`
		Tags        secretTagsJSON `json:"tags"`
	}
	if err := decode(c.body, &in); err != nil {
		return answer{}, err
	}
	attrs, err := in.Attributes.input()
	if err != nil {
		return answer{}, err
	}
	return c.secretHeadAnswer(s.UpdateSecret(c.ctx, c.who, c.ref(vault.Secrets), c.path.version,
		service.SecretUpdate{ContentType: in.ContentType, Attributes: attrs, Tags: in.Tags}))
}

func deleteSecret(s *service.Service, c *call) (answer, error) {
	return c.deletedSecretAnswer(s.DeleteSecret(c.ctx, c.who, c.ref(vault.Secrets)))
}

func getDeletedSecret(s *service.Service, c *call) (answer, error) {
	return c.deletedSecretAnswer(s.GetDeletedSecret(c.ctx, c.who, c.ref(vault.Secrets)))
}

func purgeSecret(s *service.Service, c *call) (answer, error) {
	return answer{status: http.StatusNoContent}, s.PurgeSecret(c.ctx, c.who, c.ref(vault.Secrets))
}

func recoverSecret(s *service.Service, c *call) (answer, error) {
	return c.secretHeadAnswer(s.RecoverSecret(c.ctx, c.who, c.ref(vault.Secrets)))
}

func backupSecret(s *service.Service, c *call) (answer, error) {
	return backupAnswer(s.BackupSecret(c.ctx, c.who, c.ref(vault.Secrets)))
}

func restoreSecret(s *service.Service, c *call) (answer, error) {
	blob, err := c.backup()
	if err != nil {
		return answer{}, err
	}
	return c.secretHeadAnswer(s.RestoreSecret(c.ctx, c.who, c.vault, string(c.base), blob))
}

func secretRows() []row {
	return []row{
		{"GET", "/secrets", "GetSecrets", listObjects(vault.Secrets, false, (*service.Service).ListSecrets, view.secretItem), 0},
		{"GET", "/secrets/{name}", "GetSecret", getSecret(), 0},
		{"PUT", "/secrets/{name}", "SetSecret", setSecret, maxBody},
		{"PATCH", "/secrets/{name}", "UpdateSecret", updateSecret, maxBody},
		{"DELETE", "/secrets/{name}", "DeleteSecret", deleteSecret, 0},
		{"GET", "/secrets/{name}/{version}", "GetSecret", getSecret(), 0},
		{"PATCH", "/secrets/{name}/{version}", "UpdateSecret", updateSecret, maxBody},
		{"GET", "/secrets/{name}/versions", "GetSecretVersions", listVersions(vault.Secrets, (*service.Service).ListSecretVersions, view.secretItem), 0},
		{"POST", "/secrets/{name}/backup", "BackupSecret", backupSecret, 0},
		{"POST", "/secrets/restore", "RestoreSecret", restoreSecret, maxBackup},
		{"GET", "/deletedsecrets", "GetDeletedSecrets", listObjects(vault.Secrets, true, (*service.Service).ListSecrets, view.deletedSecretItem), 0},
		{"GET", "/deletedsecrets/{name}", "GetDeletedSecret", getDeletedSecret, 0},
		{"DELETE", "/deletedsecrets/{name}", "PurgeDeletedSecret", purgeSecret, 0},
		{"POST", "/deletedsecrets/{name}/recover", "RecoverDeletedSecret", recoverSecret, 0},
	}
}
