//! The simulator's certificate authority and the server certificate it issued, kept as PEM so that
//! a simulator that was killed comes back with the certificate its clients already trust.
//!
//! No sockets and no files here: the caller stores [`Authority::to_pem`] and restores it with
//! [`Authority::from_pem`]. The authority's private key is dropped once the server certificate is
//! signed, and the authority may only vouch for loopback names, so trusting it can never endanger
//! anything else.

use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

const END_OF_CERTIFICATE: &str = "-----END CERTIFICATE-----";

/// A certificate authority with the one server certificate it issued, for `127.0.0.1`, `::1` and
/// `localhost`.
pub struct Authority {
    ca_pem: String,
    /// The server's certificate followed by its private key.
    server_pem: String,
    server_config: Arc<ServerConfig>,
}

impl Authority {
    /// Makes a new authority and a server certificate with fresh P-256 keys. Neither expires in
    /// practice (they are valid until 4096): a world that sleeps on disk for a year still resumes.
    ///
    /// # Errors
    /// When the cryptographic library cannot make a key or a signature.
    pub fn generate() -> Result<Authority> {
        let ca_key = KeyPair::generate().context("make the simulator's authority key")?;
        let ca_parameters = authority_parameters();
        let ca = ca_parameters
            .self_signed(&ca_key)
            .context("sign the simulator's authority")?;
        let issuer = Issuer::from_params(&ca_parameters, &ca_key);
        let server_key = KeyPair::generate().context("make the simulator's server key")?;
        let server = server_parameters()?
            .signed_by(&server_key, &issuer)
            .context("sign the simulator's server certificate")?;
        Authority::assemble(
            ca.pem(),
            format!("{}{}", server.pem(), server_key.serialize_pem()),
        )
    }

    /// Restores what [`Authority::to_pem`] wrote.
    ///
    /// # Errors
    /// When the text is not two certificates followed by the second one's private key.
    pub fn from_pem(text: &str) -> Result<Authority> {
        let end_of_ca = text
            .find(END_OF_CERTIFICATE)
            .context("read the simulator's certificates: no PEM certificate found")?;
        let (ca, server) = text.split_at(end_of_ca + END_OF_CERTIFICATE.len());
        Authority::assemble(format!("{ca}\n"), server.trim_start().to_owned())
    }

    /// The authority, the server certificate and the server's **private key**, in this order, as
    /// PEM. Whoever stores it keeps it readable by its owner only.
    pub fn to_pem(&self) -> String {
        format!("{}{}", self.ca_pem, self.server_pem)
    }

    /// The authority's certificate as PEM: what a client must trust (`certificate-authority-data`,
    /// before base64).
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// TLS 1.2 and 1.3 with the server certificate, offering HTTP/2 and HTTP/1.1.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server_config)
    }

    fn assemble(ca_pem: String, server_pem: String) -> Result<Authority> {
        CertificateDer::from_pem_slice(ca_pem.as_bytes())
            .context("read the simulator's authority certificate")?;
        let server_config = Arc::new(server_config(&server_pem)?);
        Ok(Authority {
            ca_pem,
            server_pem,
            server_config,
        })
    }
}

fn authority_parameters() -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters
        .distinguished_name
        .push(DnType::CommonName, "breakfix simulator authority");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(
                std::net::Ipv6Addr::LOCALHOST.octets(),
                128,
            )),
        ],
        excluded_subtrees: Vec::new(),
    });
    parameters
}

fn server_parameters() -> Result<CertificateParams> {
    let names = ["127.0.0.1", "::1", "localhost"].map(str::to_owned);
    let mut parameters =
        CertificateParams::new(names).context("name the simulator's server certificate")?;
    parameters
        .distinguished_name
        .push(DnType::CommonName, "breakfix simulator");
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Python 3.13 and later verify strictly and want the identifier.
    parameters.use_authority_key_identifier_extension = true;
    Ok(parameters)
}

fn server_config(server_pem: &str) -> Result<ServerConfig> {
    let certificate = CertificateDer::from_pem_slice(server_pem.as_bytes())
        .context("read the simulator's server certificate")?;
    let key = PrivateKeyDer::from_pem_slice(server_pem.as_bytes())
        .context("read the simulator's server key")?;
    // The provider is named because the process default depends on which crates happen to be linked in.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("choose the simulator's TLS versions")?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .context("use the simulator's server certificate")?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_restored_from_pem_is_the_same() {
        let made = Authority::generate().unwrap();
        let restored = Authority::from_pem(&made.to_pem()).unwrap();
        assert_eq!(restored.ca_pem(), made.ca_pem());
        assert_eq!(restored.to_pem(), made.to_pem());
    }

    #[test]
    fn what_a_client_trusts_is_one_certificate_and_no_key() {
        let authority = Authority::generate().unwrap();
        assert_eq!(authority.ca_pem().matches("-----BEGIN").count(), 1);
        assert!(
            authority
                .ca_pem()
                .starts_with("-----BEGIN CERTIFICATE-----")
        );
        assert!(!authority.ca_pem().contains("PRIVATE"));
    }

    #[test]
    fn the_authority_key_is_not_kept() {
        let authority = Authority::generate().unwrap();
        assert_eq!(authority.to_pem().matches("BEGIN PRIVATE KEY").count(), 1);
    }

    #[test]
    fn damaged_pem_is_refused() {
        let whole = Authority::generate().unwrap().to_pem();
        let without_key = &whole[..whole.find("-----BEGIN PRIVATE KEY").unwrap()];
        let other_key = Authority::generate().unwrap().to_pem();
        let other_key = &other_key[other_key.find("-----BEGIN PRIVATE KEY").unwrap()..];
        for text in [
            "",
            "nonsense",
            without_key,
            &format!("{without_key}{other_key}"),
        ] {
            assert!(Authority::from_pem(text).is_err(), "accepted {text:?}");
        }
    }

    #[test]
    fn both_http_versions_are_offered() {
        let config = Authority::generate().unwrap().server_config();
        assert_eq!(
            config.alpn_protocols,
            [b"h2".to_vec(), b"http/1.1".to_vec()]
        );
    }
}
