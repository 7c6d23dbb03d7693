package eks

import "github.com/ringspan/ringspan/local/aws/wire"

// Routes are EKS's paths ("Actions", Amazon EKS API Reference).
var Routes = []wire.Route{
	{Method: "POST", Path: "/clusters", Action: "CreateCluster"},
	{Method: "GET", Path: "/clusters", Action: "ListClusters"},
	{Method: "GET", Path: "/clusters/{name}", Action: "DescribeCluster"},
	{Method: "DELETE", Path: "/clusters/{name}", Action: "DeleteCluster"},
	{Method: "POST", Path: "/clusters/{name}/update-config", Action: "UpdateClusterConfig"},
	{Method: "POST", Path: "/clusters/{name}/updates", Action: "UpdateClusterVersion"},
	{Method: "GET", Path: "/clusters/{name}/updates", Action: "ListUpdates"},
	{Method: "GET", Path: "/clusters/{name}/updates/{updateId}", Action: "DescribeUpdate"},
	{Method: "GET", Path: "/cluster-versions", Action: "DescribeClusterVersions"},

	{Method: "POST", Path: "/clusters/{clusterName}/node-groups", Action: "CreateNodegroup"},
	{Method: "GET", Path: "/clusters/{clusterName}/node-groups", Action: "ListNodegroups"},
	{Method: "GET", Path: "/clusters/{clusterName}/node-groups/{nodegroupName}", Action: "DescribeNodegroup"},
	{Method: "DELETE", Path: "/clusters/{clusterName}/node-groups/{nodegroupName}", Action: "DeleteNodegroup"},
	{Method: "POST", Path: "/clusters/{clusterName}/node-groups/{nodegroupName}/update-config", Action: "UpdateNodegroupConfig"},
	{Method: "POST", Path: "/clusters/{clusterName}/node-groups/{nodegroupName}/update-version", Action: "UpdateNodegroupVersion"},

	{Method: "POST", Path: "/clusters/{clusterName}/addons", Action: "CreateAddon"},
	{Method: "GET", Path: "/clusters/{clusterName}/addons", Action: "ListAddons"},
	{Method: "GET", Path: "/clusters/{clusterName}/addons/{addonName}", Action: "DescribeAddon"},
	{Method: "DELETE", Path: "/clusters/{clusterName}/addons/{addonName}", Action: "DeleteAddon"},
	{Method: "POST", Path: "/clusters/{clusterName}/addons/{addonName}/update", Action: "UpdateAddon"},
	{Method: "GET", Path: "/addons/supported-versions", Action: "DescribeAddonVersions"},

	{Method: "POST", Path: "/clusters/{clusterName}/access-entries", Action: "CreateAccessEntry"},
	{Method: "GET", Path: "/clusters/{clusterName}/access-entries", Action: "ListAccessEntries"},
	{Method: "GET", Path: "/clusters/{clusterName}/access-entries/{principalArn}", Action: "DescribeAccessEntry"},
	{Method: "POST", Path: "/clusters/{clusterName}/access-entries/{principalArn}", Action: "UpdateAccessEntry"},
	{Method: "DELETE", Path: "/clusters/{clusterName}/access-entries/{principalArn}", Action: "DeleteAccessEntry"},
	{Method: "POST", Path: "/clusters/{clusterName}/access-entries/{principalArn}/access-policies", Action: "AssociateAccessPolicy"},
	{Method: "GET", Path: "/clusters/{clusterName}/access-entries/{principalArn}/access-policies", Action: "ListAssociatedAccessPolicies"},
	{Method: "DELETE", Path: "/clusters/{clusterName}/access-entries/{principalArn}/access-policies/{policyArn}", Action: "DisassociateAccessPolicy"},
	{Method: "GET", Path: "/access-policies", Action: "ListAccessPolicies"},

	{Method: "POST", Path: "/clusters/{clusterName}/pod-identity-associations", Action: "CreatePodIdentityAssociation"},
	{Method: "GET", Path: "/clusters/{clusterName}/pod-identity-associations", Action: "ListPodIdentityAssociations"},
	{Method: "GET", Path: "/clusters/{clusterName}/pod-identity-associations/{associationId}", Action: "DescribePodIdentityAssociation"},
	{Method: "POST", Path: "/clusters/{clusterName}/pod-identity-associations/{associationId}", Action: "UpdatePodIdentityAssociation"},
	{Method: "DELETE", Path: "/clusters/{clusterName}/pod-identity-associations/{associationId}", Action: "DeletePodIdentityAssociation"},

	{Method: "POST", Path: "/tags/{resourceArn}", Action: "TagResource"},
	{Method: "GET", Path: "/tags/{resourceArn}", Action: "ListTagsForResource"},
	{Method: "DELETE", Path: "/tags/{resourceArn}", Action: "UntagResource"},
}
