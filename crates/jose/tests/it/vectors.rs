//! The examples of RFC 7515, RFC 7638 and RFC 8037.

use grantor_jose::{
    Algorithm, Error, Jwk, Jws, KeyType, Signer, SigningKey, VerificationKey,
    digest::from_base64url,
};

const CLAIMS: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

fn jwk(json: &str) -> Jwk {
    serde_json::from_str(json).unwrap()
}

fn verify(token: &str, key: &VerificationKey, alg: Algorithm) -> Result<(), Error> {
    Jws::parse(token).unwrap().verify(key, &[alg])
}

/// RFC 7515 appendix A.1.
#[test]
fn the_hs256_example_verifies() {
    let secret =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let key = VerificationKey::from_secret(&from_base64url(secret).unwrap());
    let token = format!(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{CLAIMS}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    assert_eq!(verify(&token, &key, Algorithm::HS256), Ok(()));
    assert_eq!(
        verify(&token, &key, Algorithm::HS384),
        Err(Error::AlgorithmNotAllowed)
    );
}

/// RFC 7515 appendix A.2.
#[test]
fn the_rs256_example_verifies() {
    let key = jwk(
        r#"{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#,
    );
    let token = format!(
        "eyJhbGciOiJSUzI1NiJ9.{CLAIMS}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
    let key = VerificationKey::from_jwk(&key).unwrap();
    assert_eq!(verify(&token, &key, Algorithm::RS256), Ok(()));
}

/// RFC 7515 appendix A.3.
#[test]
fn the_es256_example_verifies() {
    let key = jwk(
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    );
    let token = format!(
        "eyJhbGciOiJFUzI1NiJ9.{CLAIMS}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    );
    let key = VerificationKey::from_jwk(&key).unwrap();
    assert_eq!(verify(&token, &key, Algorithm::ES256), Ok(()));
}

/// RFC 8037 appendices A.1 to A.5; Ed25519 is deterministic, so the signature is the example's.
#[test]
fn the_ed25519_example_is_signed_and_verified() {
    let seed = from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let pkcs8 = [
        &[
            0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
        ],
        seed.as_slice(),
    ]
    .concat();
    let key = SigningKey::from_pkcs8(KeyType::Ed25519, &pkcs8).unwrap();
    let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    let signed = key.sign(Algorithm::EdDSA, input.as_bytes()).unwrap();
    assert_eq!(grantor_jose::digest::base64url(&signed), signature);

    let public = key.public_jwk("k1", Some(Algorithm::EdDSA)).unwrap();
    assert_eq!(
        public.x.as_deref(),
        Some("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    );
    let public = VerificationKey::from_jwk(&public).unwrap();
    assert_eq!(
        verify(&format!("{input}.{signature}"), &public, Algorithm::EdDSA),
        Ok(())
    );
}

/// RFC 7638 §3.1.
#[test]
fn the_thumbprint_of_the_rsa_example_is_that_of_the_rfc() {
    let key = jwk(
        r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#,
    );
    assert_eq!(
        key.thumbprint().unwrap(),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}

/// The header's members come in the order in which the compatible server writes them.
#[test]
fn the_header_has_alg_typ_and_kid() {
    let key = SigningKey::from_secret(b"secret");
    let signer = Signer::new(key, Algorithm::HS256, Some("k1"), "at+jwt").unwrap();
    let token = signer.sign_json(b"{}").unwrap();
    let header = from_base64url(token.split('.').next().unwrap()).unwrap();
    assert_eq!(header, br#"{"alg":"HS256","typ":"at+jwt","kid":"k1"}"#);
}
