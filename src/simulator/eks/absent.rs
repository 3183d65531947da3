//! Operations of EKS that are not simulated, so that each is refused by its name and not by its path.

use super::super::wire::Operation;

pub(super) fn operations() -> Vec<Operation> {
    let operations = ABSENT.map(|(name, method, path)| Operation::absent(name).at(method, path));
    operations.into()
}

const ABSENT: [(&str, &str, &str); 41] = [
    (
        "ActivateCertificateAuthority",
        "POST",
        "/clusters/{name}/certificate-authorities/{certificateAuthorityId}/activate",
    ),
    (
        "AssociateEncryptionConfig",
        "POST",
        "/clusters/{name}/encryption-config/associate",
    ),
    (
        "AssociateIdentityProviderConfig",
        "POST",
        "/clusters/{name}/identity-provider-configs/associate",
    ),
    (
        "CancelUpdate",
        "POST",
        "/clusters/{name}/updates/{updateId}/cancel-update",
    ),
    ("CreateAddon", "POST", "/clusters/{name}/addons"),
    ("CreateCapability", "POST", "/clusters/{name}/capabilities"),
    (
        "CreateCertificateAuthority",
        "POST",
        "/clusters/{name}/certificate-authorities",
    ),
    ("CreateCluster", "POST", "/clusters"),
    (
        "CreateEksAnywhereSubscription",
        "POST",
        "/eks-anywhere-subscriptions",
    ),
    (
        "CreateFargateProfile",
        "POST",
        "/clusters/{name}/fargate-profiles",
    ),
    (
        "CreatePodIdentityAssociation",
        "POST",
        "/clusters/{name}/pod-identity-associations",
    ),
    (
        "DeleteAddon",
        "DELETE",
        "/clusters/{name}/addons/{addonName}",
    ),
    (
        "DeleteCapability",
        "DELETE",
        "/clusters/{name}/capabilities/{capabilityName}",
    ),
    (
        "DeleteCertificateAuthority",
        "DELETE",
        "/clusters/{name}/certificate-authorities/{certificateAuthorityId}",
    ),
    ("DeleteCluster", "DELETE", "/clusters/{name}"),
    (
        "DeleteEksAnywhereSubscription",
        "DELETE",
        "/eks-anywhere-subscriptions/{id}",
    ),
    (
        "DeleteFargateProfile",
        "DELETE",
        "/clusters/{name}/fargate-profiles/{fargateProfileName}",
    ),
    (
        "DeletePodIdentityAssociation",
        "DELETE",
        "/clusters/{name}/pod-identity-associations/{associationId}",
    ),
    (
        "DeregisterCluster",
        "DELETE",
        "/cluster-registrations/{name}",
    ),
    (
        "DescribeAddonConfiguration",
        "GET",
        "/addons/configuration-schemas",
    ),
    (
        "DescribeCapability",
        "GET",
        "/clusters/{name}/capabilities/{capabilityName}",
    ),
    (
        "DescribeCertificateAuthority",
        "GET",
        "/clusters/{name}/certificate-authorities/{certificateAuthorityId}",
    ),
    ("DescribeClusterVersions", "GET", "/cluster-versions"),
    (
        "DescribeEksAnywhereSubscription",
        "GET",
        "/eks-anywhere-subscriptions/{id}",
    ),
    (
        "DescribeFargateProfile",
        "GET",
        "/clusters/{name}/fargate-profiles/{fargateProfileName}",
    ),
    (
        "DescribeIdentityProviderConfig",
        "POST",
        "/clusters/{name}/identity-provider-configs/describe",
    ),
    ("DescribeInsight", "GET", "/clusters/{name}/insights/{id}"),
    (
        "DescribeInsightsRefresh",
        "GET",
        "/clusters/{name}/insights-refresh",
    ),
    (
        "DescribePodIdentityAssociation",
        "GET",
        "/clusters/{name}/pod-identity-associations/{associationId}",
    ),
    (
        "DisassociateIdentityProviderConfig",
        "POST",
        "/clusters/{name}/identity-provider-configs/disassociate",
    ),
    ("ListCapabilities", "GET", "/clusters/{name}/capabilities"),
    (
        "ListCertificateAuthorities",
        "GET",
        "/clusters/{name}/certificate-authorities",
    ),
    (
        "ListEksAnywhereSubscriptions",
        "GET",
        "/eks-anywhere-subscriptions",
    ),
    ("ListInsights", "POST", "/clusters/{name}/insights"),
    ("RegisterCluster", "POST", "/cluster-registrations"),
    (
        "StartInsightsRefresh",
        "POST",
        "/clusters/{name}/insights-refresh",
    ),
    (
        "UpdateAddon",
        "POST",
        "/clusters/{name}/addons/{addonName}/update",
    ),
    (
        "UpdateCapability",
        "POST",
        "/clusters/{name}/capabilities/{capabilityName}",
    ),
    ("UpdateClusterVersion", "POST", "/clusters/{name}/updates"),
    (
        "UpdateEksAnywhereSubscription",
        "POST",
        "/eks-anywhere-subscriptions/{id}",
    ),
    (
        "UpdatePodIdentityAssociation",
        "POST",
        "/clusters/{name}/pod-identity-associations/{associationId}",
    ),
];
