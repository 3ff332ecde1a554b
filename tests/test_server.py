"""The server as a whole: who may run beside it, and what it does when it cannot write its log."""

import pathlib
import signal
import socket
import subprocess
import time

from house import PASSWORD, Organization, binary


def test_one_server_on_a_data_folder(own_house):
    own_house.start()
    command = [binary(), "serve", "--data", str(own_house.data), "--api-listen", "127.0.0.1:0"]
    second = subprocess.run(command, capture_output=True, text=True, env=own_house.environment(), timeout=60)
    assert second.returncode != 0 and "another server is running" in second.stderr
    own_house.create_account()
    own_house.kill()
    own_house.start()


def test_a_log_that_cannot_be_written_stops_nothing(own_house):
    own_house.log_path = pathlib.Path("/dev/full")
    key = own_house.create_account()
    own_house.start()
    _, ada = Organization(own_house, key).user("ada")
    with own_house.smtp() as smtp:
        for _ in range(2):
            smtp.sendmail("out@elsewhere.example", [ada], b"Subject: x\r\n\r\nhello\r\n")
    imap = own_house.imap(ada, PASSWORD)
    assert imap.select_folder("INBOX")[b"EXISTS"] == 2
    imap.logout()
    assert own_house.stop() == 0


def test_what_is_in_flight_is_finished(own_house):
    key = own_house.create_account()
    _, ada = Organization(own_house.start(), key).user("ada")
    idle = own_house.imap(ada, PASSWORD)
    smtp = own_house.smtp()
    smtp.ehlo()
    smtp.mail("out@elsewhere.example")
    smtp.rcpt(ada)
    assert smtp.docmd("DATA")[0] == 354
    smtp.send(b"Subject: half\r\n\r\nhere comes")
    with socket.create_connection(own_house.address("api"), timeout=30) as call:
        call.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
        time.sleep(0.2)
        own_house.process.send_signal(signal.SIGTERM)
        assert b"BYE" in idle._imap.readline()
        smtp.send(b" the rest\r\n.\r\n")
        assert smtp.getreply()[0] == 250
        call.sendall(b" whole")
        assert call.recv(4096).startswith(b"HTTP/1.1 403")
    assert own_house.process.wait(timeout=20) == 0
    imap = own_house.start().imap(ada, PASSWORD)
    assert imap.select_folder("INBOX")[b"EXISTS"] == 1
    imap.logout()
