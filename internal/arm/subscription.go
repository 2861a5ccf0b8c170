package arm

// tenants and subscriptions answer those who look for what a login may see.
func tenants(s *Service, _ call) (any, error) {
	return list{Value: []map[string]string{{
		"id": "/tenants/" + s.Tenant, "tenantId": s.Tenant, "displayName": cloudName, "tenantCategory": "Home", "countryCode": "",
	}}}, nil
}

// cloudName is what people see the cloud, the subscription and the tenant called.
const cloudName = "Certwright"

type subscription struct {
	ID             string            `json:"id"`
	SubscriptionID string            `json:"subscriptionId"`
	TenantID       string            `json:"tenantId"`
	Name           string            `json:"displayName"`
	State          string            `json:"state"`
	Source         string            `json:"authorizationSource"`
	Policies       map[string]string `json:"subscriptionPolicies"`
	Managers       []string          `json:"managedByTenants"`
}

func (s *Service) subscription(id string) subscription {
	return subscription{
		ID: "/subscriptions/" + id, SubscriptionID: id, TenantID: s.Tenant, Name: cloudName, State: "Enabled", Source: "RoleBased",
		Policies: map[string]string{"locationPlacementId": "Internal_2014-09-01", "quotaId": "Internal_2014-09-01", "spendingLimit": "Off"},
		Managers: []string{},
	}
}

func subscriptions(s *Service, _ call) (any, error) {
	return list{Value: []subscription{s.subscription(Subscription)}}, nil
}

func oneSubscription(s *Service, c call) (any, error) { return s.subscription(c.subscription), nil }

// provider says which kinds of resources there are.
func (s *Service) provider(c call) map[string]any {
	kind := func(name string) map[string]any {
		return map[string]any{"resourceType": name, "locations": []string{s.Region}, "apiVersions": []string{"2026-02-01", "2023-07-01", "2016-10-01"}}
	}
	return map[string]any{
		"id": "/subscriptions/" + c.subscription + "/providers/Microsoft.KeyVault", "namespace": "Microsoft.KeyVault",
		"registrationState": "Registered", "registrationPolicy": "RegistrationRequired",
		"resourceTypes": []map[string]any{kind("vaults"), kind("managedHSMs"), kind("deletedVaults")},
	}
}

func providers(s *Service, c call) (any, error) {
	return list{Value: []any{s.provider(c)}}, nil
}

func oneProvider(s *Service, c call) (any, error) { return s.provider(c), nil }
