//! Measures people at scale: writes so many users, then finds, lists and searches them.
//!
//! `cargo run --release -p grantor-storage --example measure_users <count> [postgres URL]`

use std::{
    hash::{BuildHasher, RandomState},
    io::Write,
    path::PathBuf,
    sync::Arc,
};

use grantor_protocol::{
    env::{Random, Timestamp},
    search::{parse, predicate::Order, users},
    secret::Secret,
    tenant::TenantId,
    users::{
        Identity, User, UserId,
        identifier::{Identifier, IdentifierKind},
    },
};
use grantor_storage::{Engine, MasterKeySource, Options, Store, Window, users::UserSelection};
use serde_json::json;
use tokio::time::Instant;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

struct Chance;

impl Random for Chance {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let drawn = RandomState::new().hash_one(0).to_le_bytes();
            chunk
                .iter_mut()
                .zip(drawn)
                .for_each(|(to, from)| *to = from);
        }
    }
}

const CONNECTION: &str = "Customers";

fn id(number: i64) -> Outcome<UserId> {
    UserId::parse(&format!("auth0|{number:024x}")).ok_or_else(|| "no identifier".into())
}

fn person(number: i64) -> Outcome<User> {
    let id = id(number)?;
    let identity = Identity::database(CONNECTION, &id);
    let mut user = User::new(
        id,
        identity,
        Timestamp::from_seconds(1_700_000_000 + number),
    );
    user.email = Some(format!("user{number}@example{}.test", number % 1000));
    user.given_name = Some(format!("Given{}", number % 5000));
    user.family_name = Some(format!("Family{}", number % 20_000));
    let plan = if number % 1000 == 0 { "gold" } else { "free" };
    user.app_metadata = json!({"plan": plan, "seats": number % 100})
        .as_object()
        .cloned();
    user.fill_in_defaults();
    Ok(user)
}

fn report(what: &str, start: Instant, count: u32) -> Outcome<()> {
    let each = start.elapsed() / count.max(1);
    let line = format!("{what}: {count} times, {} us each\n", each.as_micros());
    Ok(std::io::stdout().write_all(line.as_bytes())?)
}

async fn write(store: &Store, tenant: &TenantId, count: i64) -> Outcome<()> {
    const CHUNK: i64 = 200;
    let start = Instant::now();
    for first in (0..count).step_by(200) {
        let mut batch = store.batch();
        for number in first..(first + CHUNK).min(count) {
            let user = person(number)?;
            batch.insert_user(tenant, &user, &user.identifiers(&[IdentifierKind::Email]));
        }
        store.commit(batch).await?;
    }
    report("insert", start, u32::try_from(count)?)
}

async fn find(store: &Store, tenant: &TenantId, count: i64) -> Outcome<()> {
    const TIMES: u32 = 5000;
    let numbers = || (0..i64::from(TIMES)).map(|number| number * 7919 % count);
    let start = Instant::now();
    for number in numbers() {
        let found = store.find_user(tenant, &id(number)?).await?;
        found.ok_or("a user is missing")?;
    }
    report("find by user_id", start, TIMES)?;
    let start = Instant::now();
    for number in numbers() {
        let identifier = Identifier {
            kind: IdentifierKind::Email,
            value: format!("user{number}@example{}.test", number % 1000),
        };
        let found = store.find_user_by_identifier(tenant, CONNECTION, &identifier);
        found.await?.ok_or("a user is missing")?;
    }
    report("find by identifier", start, TIMES)?;
    let start = Instant::now();
    for number in 0..200 {
        let mut batch = store.batch();
        let at = Timestamp::from_seconds(1_800_000_000 + number);
        batch.note_login(tenant, &id(number * 31 % count)?, "192.0.2.7", at);
        store.commit(batch).await?;
    }
    report("note a login, alone", start, 200)
}

async fn search(store: &Store, tenant: &TenantId) -> Outcome<()> {
    for (text, sort) in [
        ("", "created_at:1"),
        ("", "created_at:-1"),
        ("", "last_login:-1"),
        ("", "email:1"),
        ("email:user77777@example777.test", "created_at:1"),
        ("email:user7777*", "created_at:1"),
        ("email:*777@example*", "created_at:1"),
        ("email.domain:example777.test", "created_at:1"),
        ("name:*ser77777*", "created_at:1"),
        ("family_name:Family777", "created_at:1"),
        ("app_metadata.plan:gold", "created_at:1"),
        ("app_metadata.plan:free", "created_at:-1"),
        (
            "app_metadata.plan:gold AND app_metadata.seats:50",
            "created_at:1",
        ),
        ("app_metadata.seats:[98 TO *]", "created_at:1"),
        ("logins_count:[1 TO *]", "created_at:1"),
        ("NOT app_metadata.plan:free", "created_at:1"),
        (
            "identities.connection:Customers AND -blocked:true",
            "created_at:1",
        ),
        ("user77777@example777.test", "created_at:1"),
    ] {
        for with_total in [false, true] {
            let selection = UserSelection {
                predicate: users::resolve(&parse(text)?)?,
                order: if sort == "created_at:1" {
                    Order::default()
                } else {
                    users::order(sort)?
                },
                window: Window::Offset {
                    start: 0,
                    limit: 50,
                },
                with_total,
            };
            let start = Instant::now();
            let page = store.search_users(tenant, &selection).await?;
            let found = page.users.len();
            let total = page
                .total
                .map_or_else(|| "no total".to_owned(), |total| total.to_string());
            report(
                &format!("{text:?} by {sort}, {found} found, {total}"),
                start,
                1,
            )?;
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let directory = std::env::var_os("GRANTOR_MEASURE_DIR").unwrap_or("measure".into());
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let count: i64 = arguments
        .first()
        .map_or(Ok(10_000), |count| count.parse())?;
    let engine = match arguments.get(1) {
        Some(url) => Engine::Postgres { url: url.clone() },
        None => Engine::Sqlite {
            directory: PathBuf::from(directory),
        },
    };
    let options = Options {
        engine,
        master_key: MasterKeySource::Value(Secret::new("ab".repeat(32))),
        random: Arc::new(Chance),
        now: Timestamp::from_seconds(1_700_000_000),
        migrate: true,
    };
    let store = Store::open(options).await?;
    let tenant = TenantId::default_tenant();
    if store.find_user(&tenant, &id(count - 1)?).await?.is_none() {
        write(&store, &tenant, count).await?;
    }
    find(&store, &tenant, count).await?;
    search(&store, &tenant).await
}
