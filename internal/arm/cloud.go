package arm

import "strings"

// The dates of api-version from which on the description of the cloud is a list
// of clouds, and from which on it is one cloud again.
const (
	manyClouds = "2019"
	oneCloud   = "2022"
)

// endpoints describes this cloud to command lines, Terraform and SDKs. Its form
// follows the api-version: 2015-01-01 and 1.0 know no vaults.
func endpoints(s *Service, c call) (any, error) {
	switch version := c.query.Get("api-version"); {
	case version < manyClouds:
		return s.oldCloud(c), nil
	case version < oneCloud:
		return []cloud{s.cloud(c)}, nil
	default:
		return s.cloud(c), nil
	}
}

type login struct {
	LoginEndpoint    string   `json:"loginEndpoint"`
	Audiences        []string `json:"audiences"`
	Tenant           string   `json:"tenant,omitempty"`
	IdentityProvider string   `json:"identityProvider,omitempty"`
}

type oldCloud struct {
	Gallery string `json:"galleryEndpoint"`
	Graph   string `json:"graphEndpoint"`
	Portal  string `json:"portalEndpoint"`
	Login   login  `json:"authentication"`
}

// oldCloud puts the tenant into the login endpoint where it is adfs, as Azure
// Stack does: command lines know by its end that it is one.
func (s *Service) oldCloud(c call) oldCloud {
	at := c.at + "/"
	o := oldCloud{Gallery: at, Graph: at, Portal: at, Login: login{LoginEndpoint: c.at, Audiences: []string{c.at + "/arm"}}}
	if strings.EqualFold(s.Tenant, "adfs") {
		o.Login.LoginEndpoint += "/adfs"
	}
	return o
}

// A cloud is one as api-version 2022-09-01 describes it. Services that are not
// here are said to be here too, so that nothing goes to a real cloud by mistake.
type cloud struct {
	Name            string            `json:"name"`
	Portal          string            `json:"portal"`
	Login           login             `json:"authentication"`
	Graph           string            `json:"graph"`
	GraphAudience   string            `json:"graphAudience"`
	MicrosoftGraph  string            `json:"microsoftGraphResourceId"`
	ResourceManager string            `json:"resourceManager"`
	Gallery         string            `json:"gallery"`
	Media           string            `json:"media"`
	Batch           string            `json:"batch"`
	SQLManagement   string            `json:"sqlManagement"`
	LogAnalytics    string            `json:"logAnalyticsResourceId"`
	Attestation     string            `json:"attestationResourceId"`
	Synapse         string            `json:"synapseAnalyticsResourceId"`
	Databases       string            `json:"ossrDbmsResourceId"`
	DataLake        string            `json:"activeDirectoryDataLake"`
	AppInsights     string            `json:"appInsightsResourceId"`
	Telemetry       string            `json:"appInsightsTelemetryChannelResourceId"`
	Images          string            `json:"vmImageAliasDoc"`
	Suffixes        map[string]string `json:"suffixes"`
}

// suffixNames are the domains of services that tools read beside vaults', with
// what they begin with.
var suffixNames = map[string]string{
	"storage": "core.", "storageSyncEndpointSuffix": "afs.", "acrLoginServer": "azurecr.", "sqlServerHostname": "database.",
	"mysqlServerEndpoint": "mysql.", "postgresqlServerEndpoint": "postgres.", "mariadbServerEndpoint": "mariadb.",
	"azureDataLakeStoreFileSystem": "datalakestore.", "azureDataLakeAnalyticsCatalogAndJob": "datalakeanalytics.",
	"synapseAnalytics": "synapse.", "attestationEndpoint": "attest.", "azureFrontDoorEndpointSuffix": "azurefd.",
}

func (s *Service) cloud(c call) cloud {
	at, vaults := c.at+"/", suffix(c.host)
	suffixes := map[string]string{"keyVaultDns": vaults, "mhsmDns": vaults}
	for name, begin := range suffixNames {
		suffixes[name] = begin + vaults
	}
	provider := "AAD"
	if strings.EqualFold(s.Tenant, "adfs") {
		provider = "ADFS"
	}
	return cloud{
		Name: cloudName, Portal: at, Graph: at, GraphAudience: at, MicrosoftGraph: at, ResourceManager: at, Gallery: at, Media: at, Batch: at,
		SQLManagement: at, LogAnalytics: at, Attestation: at, Synapse: at, Databases: at, DataLake: at, AppInsights: at, Telemetry: at, Images: at,
		Login:    login{LoginEndpoint: c.at, Audiences: []string{c.at + "/arm", at}, Tenant: s.Tenant, IdentityProvider: provider},
		Suffixes: suffixes,
	}
}
