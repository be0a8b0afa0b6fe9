#!/usr/bin/env python3
"""Throw-away certificates for the tests, made with the openssl command: EC P-256, short lives."""
import os
import subprocess
import time


def run(*args, cwd=None, env=None):
    done = subprocess.run(["openssl", *args], cwd=cwd, env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError("openssl " + " ".join(args) + ": " + done.stderr)


def key(folder, name):
    run("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", f"{name}.key", cwd=folder)
    os.chmod(os.path.join(folder, f"{name}.key"), 0o600)


def self_signed(folder, name, subject, extensions, start=None, days=90):
    key(folder, name)
    args = ["req", "-x509", "-new", "-key", f"{name}.key", "-out", f"{name}.crt", "-subj", f"/CN={subject}", "-days", str(days), "-sha256"]
    for e in extensions:
        args += ["-addext", e]
    run(*args, cwd=folder)


def issued(folder, name, subject, ca, extensions, days=90, serial="1000"):
    key(folder, name)
    run("req", "-new", "-key", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={subject}", cwd=folder)
    with open(os.path.join(folder, f"{name}.ext"), "w") as f:
        f.write("\n".join(extensions))
    run("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key", "-set_serial", serial, "-days", str(days),
        "-sha256", "-extfile", f"{name}.ext", "-out", f"{name}.crt", cwd=folder)


def revocation_list(folder, ca, serials, days=30):
    """NAME.crl: what `ca` has taken back; the next one is due in `days`."""
    def day(offset):
        return time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() + offset * 86400))
    with open(os.path.join(folder, f"{ca}.index"), "w") as f:
        f.writelines(f"R\t{day(30)}\t{day(-1)}\t{s}\tunknown\t/CN=revoked\n" for s in serials)
    with open(os.path.join(folder, f"{ca}.cnf"), "w") as f:
        f.write(f"[ca]\ndefault_ca = it\n[it]\ndatabase = {ca}.index\ndefault_md = sha256\ndefault_crl_days = 30\n")
    dates = ["-crl_lastupdate", day(min(days, 0) - 30), "-crl_nextupdate", day(days)]
    run("ca", "-gencrl", *dates, "-config", f"{ca}.cnf", "-cert", f"{ca}.crt", "-keyfile", f"{ca}.key", "-out", f"{ca}.crl", cwd=folder)


def make(folder):
    """ca (and its ca.crl), listener, sender (pinned), stranger, other_ca, hospital (issued), revoked, acs: NAME.crt and NAME.key in `folder`."""
    os.makedirs(folder, exist_ok=True)
    san = "subjectAltName=IP:127.0.0.1,DNS:localhost"
    for name in ("ca", "other_ca"):
        self_signed(folder, name, f"Nudge test {name}", ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"])
    issued(folder, "listener", "localhost", "ca", [san, "extendedKeyUsage=serverAuth"], serial="1")
    issued(folder, "acs", "localhost", "ca", [san, "extendedKeyUsage=serverAuth"], serial="2")
    self_signed(folder, "sender", "epic-bridges.lamna.example", ["extendedKeyUsage=clientAuth"])
    self_signed(folder, "stranger", "epic-bridges.lamna.example", ["extendedKeyUsage=clientAuth"])
    issued(folder, "hospital", "epic-bridges.lamna.example", "ca", ["extendedKeyUsage=clientAuth"], serial="3")
    issued(folder, "wrong_name", "somebody.lamna.example", "ca", ["extendedKeyUsage=clientAuth"], serial="4")
    issued(folder, "wrong_ca", "epic-bridges.lamna.example", "other_ca", ["extendedKeyUsage=clientAuth"], serial="5")
    issued(folder, "revoked", "epic-bridges.lamna.example", "ca", ["extendedKeyUsage=clientAuth"], serial="6")
    revocation_list(folder, "ca", ["06"])
    revocation_list(folder, "other_ca", [])
    self_signed(folder, "expired", "epic-bridges.lamna.example", ["extendedKeyUsage=clientAuth"], days=90)
    run("x509", "-in", "expired.crt", "-signkey", "expired.key", "-days", "-1", "-out", "expired.crt", cwd=folder)


if __name__ == "__main__":
    import sys
    make(sys.argv[1])
