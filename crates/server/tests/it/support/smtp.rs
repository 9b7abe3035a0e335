//! A mail server that speaks just enough of RFC 5321 to be sent to, and refuses when it is told to.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// A mail that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// Head and body, lines ending as they came.
    pub(crate) data: String,
    /// Name and password, if the sender logged in.
    pub(crate) login: Option<(String, String)>,
}

impl Arrived {
    /// A header of the mail.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let (head, _) = self.data.split_once("\r\n\r\n").unwrap();
        let prefix = format!("{name}: ");
        head.split("\r\n")
            .filter_map(|line| line.strip_prefix(&prefix))
            .collect()
    }
}

#[derive(Default)]
struct State {
    arrived: Vec<Arrived>,
    /// What the next recipients are answered; 250 when there is nothing.
    answers: VecDeque<&'static str>,
    asked: usize,
}

#[derive(Clone)]
pub(crate) struct MailServer {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let server = Self {
            port: socket.local_addr().unwrap().port(),
            state: Arc::default(),
        };
        let state = Arc::clone(&server.state);
        tokio::spawn(async move {
            while let Ok((connection, _)) = socket.accept().await {
                let state = Arc::clone(&state);
                tokio::spawn(async move {
                    // A sender that hangs up is no failure of the test.
                    converse(connection, &state).await.ok();
                });
            }
        });
        server
    }

    /// Answers the next recipients so.
    pub(crate) fn answer(&self, answers: &[&'static str]) {
        self.state.lock().unwrap().answers.extend(answers);
    }

    /// How many recipients were asked for.
    pub(crate) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }

    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.state.lock().unwrap().arrived.clone()
    }

    /// The mails, once there are so many.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Arrived> {
        eventually("mails arrive", || {
            let arrived = self.arrived();
            (count <= arrived.len()).then_some(arrived)
        })
        .await
    }
}

/// What `look` finds, once it finds something.
async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(30), looking).await;
    found.unwrap_or_else(|_| panic!("in time: {what}"))
}

async fn converse(connection: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut connection = BufReader::new(connection);
    connection.write_all(b"220 mail.test ESMTP\r\n").await?;
    let mut mail = Arrived {
        from: String::new(),
        to: Vec::new(),
        data: String::new(),
        login: None,
    };
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let answer = match verb {
            "EHLO" => "250-mail.test\r\n250 AUTH PLAIN",
            "AUTH" => {
                let plain = BASE64.decode(rest.strip_prefix("PLAIN ").unwrap()).unwrap();
                let plain = String::from_utf8(plain).unwrap();
                let mut parts = plain.split('\0').skip(1).map(str::to_owned);
                mail.login = parts.next().zip(parts.next());
                if mail.login.as_ref().is_some_and(|login| login.1 == "wrong") {
                    "535 5.7.8 no"
                } else {
                    "235 ok"
                }
            }
            "MAIL" => {
                mail.from = rest.to_owned();
                "250 ok"
            }
            "RCPT" => {
                let mut state = state.lock().unwrap();
                state.asked += 1;
                let answer = state.answers.pop_front().unwrap_or("250 ok");
                if answer.starts_with("250") {
                    mail.to.push(rest.to_owned());
                }
                answer
            }
            "DATA" => {
                connection.write_all(b"354 go on\r\n").await?;
                while !mail.data.ends_with("\r\n.\r\n") {
                    if connection.read_line(&mut mail.data).await? == 0 {
                        return Ok(());
                    }
                }
                state.lock().unwrap().arrived.push(mail.clone());
                "250 taken"
            }
            "QUIT" => {
                connection.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 ok",
        };
        connection
            .write_all(format!("{answer}\r\n").as_bytes())
            .await?;
    }
}
