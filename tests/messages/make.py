"""Makes our own test messages: one for each form of mail that has tripped a server before."""

import pathlib

HERE = pathlib.Path(__file__).resolve().parent

MESSAGES = {
    "plain": "From: Ada <ada@example.org>\r\nTo: bob@example.org\r\nSubject: plain\r\n"
    "Message-ID: <1@example.org>\r\nDate: Sun, 22 Nov 2026 03:04:05 +0000\r\n\r\nHello.\r\n",
    "dots": "From: ada@example.org\r\nSubject: lines that begin with dots\r\n\r\n.\r\n..\r\n...\r\n. x\r\n",
    "no-body": "From: ada@example.org\r\nSubject: no body\r\n\r\n",
    "no-header": "\r\nonly a body\r\n",
    "eight-bit": "From: ada@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße aus Köln €\r\n",
    "alternative": "From: ada@example.org\r\nSubject: two forms\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/alternative; boundary="b"\r\n\r\npreamble\r\n--b\r\nContent-Type: text/plain\r\n\r\n'
    "text\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>text</p>\r\n--b--\r\nepilogue\r\n",
    "nested": "From: ada@example.org\r\nSubject: a message in a message\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="o"\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n'
    "From: bob@example.org\r\nSubject: inner\r\n\r\ninner body\r\n--o\r\n"
    "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=x.bin\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nAAECAwQ=\r\n--o--\r\n",
    "folded": "From: ada@example.org\r\nSubject: a subject\r\n that is folded\r\n\tmore than once\r\n"
    "References: <1@example.org>\r\n <2@example.org>\r\n\r\nbody\r\n",
    "long-lines": "From: ada@example.org\r\nSubject: long lines\r\n\r\n" + "w" * 990 + "\r\n" + "v" * 998 + "\r\n",
}

if __name__ == "__main__":
    for name, text in MESSAGES.items():
        (HERE / f"{name}.eml").write_bytes(text.encode())
