//! A shell that is told a line to run: which word that is, and whether anything else may decide what the line does.
//!
//! Sources: POSIX, "sh"; the manuals of dash and bash ("Invocation", "Bash Startup Files"), and busybox's `shell/ash.c`.
//! Shells that read files at every start (zsh) or have tools of their own (ksh) are not followed.

/// Shells that are followed, by the name that they are called by.
pub(crate) fn is_known(name: &str) -> bool {
    matches!(name, "sh" | "ash" | "bash" | "dash")
}

/// Options that change nothing of what one plain line runs, and `-c`. Not among them: `-l` and `-i`, which make the shell
/// read files, `-n`, which makes it run nothing, and those that take a word.
const HARMLESS: &str = "abcefuvxC";

/// The line that a shell's words, without its own name, tell it to run; `None` if they tell it something else, or more
/// than is followed here.
pub(crate) fn line(words: &[String]) -> Option<&str> {
    let mut is_told = false;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some("-") => return words.next().filter(|_| is_told).map(String::as_str),
            Some(letters) if !letters.is_empty() && letters.chars().all(|letter| HARMLESS.contains(letter)) => {
                is_told |= letters.contains('c');
            }
            _ if word.starts_with(['-', '+']) => return None,
            _ => return is_told.then_some(word),
        }
    }
    None
}

/// Does this environment leave a shell as it is: no file to read at its start, no function, no option?
pub(crate) fn is_plain(env: &[String]) -> bool {
    env.iter().filter_map(|pair| pair.split_once('=')).all(|(name, value)| {
        let sets = matches!(name, "BASH_ENV" | "ENV" | "SHELLOPTS" | "BASHOPTS") && !value.is_empty();
        !sets && !name.starts_with("BASH_FUNC_") && !value.starts_with("() {")
    })
}

/// Is this a tool that a busybox may do itself, without there being a file of that name (`FEATURE_SH_STANDALONE`,
/// `FEATURE_PREFER_APPLETS`)? All that busybox ever had.
pub(crate) fn is_applet(name: &str) -> bool {
    APPLETS.split(' ').any(|applet| applet == name)
}

const APPLETS: &str = "[ [[ acpid add-shell addgroup adduser adjtimex ar arch arp arping ascii ash awk base32 base64 basename bc \
    beep blkdiscard blkid blkrrpart blockdev bootchartd brctl bunzip2 busybox bzcat bzip2 cal cat chat chattr \
    chcon chgrp chmod chown chpasswd chpst chroot chrt chvt cksum clear cmp comm conspy cp cpio crc32 crond \
    crontab cryptpw cttyhack cut date dc dd deallocvt delgroup deluser depmod devfsd devmem df dhcprelay diff \
    dirname dmesg dnsd dnsdomainname dos2unix dpkg dpkg-deb du dumpkmap dumpleases echo ed egrep eject env \
    envdir envuidgid ether-wake expand expr factor fakeidentd fallocate false fatattr fbset fbsplash fdflush \
    fdformat fdisk fgconsole fgrep find findfs flash_eraseall flash_lock flash_unlock flashcp flock fold free \
    freeramdisk fsck fsck.minix fsfreeze fstrim fstype fsync ftpd ftpget ftpput fuser getenforce getfattr getopt \
    getprop getsebool getty grep groups gunzip gzip halt hd hdparm head hexdump hostid hostname httpd hush \
    hwclock i2cdetect i2cdump i2cget i2cset i2ctransfer id ifconfig ifdown ifenslave ifplugd ifup inetd init \
    inotifyd insmod install ionice iostat ip ipcalc ipcrm ipcs iplink ipneigh iproute iprule iptunnel kbd_mode \
    kill killall killall5 klogd lash last less link linux32 linux64 linuxrc ln load_policy loadfont loadkmap \
    logger login logname logread losetup lpd lpq lpr ls lsattr lsmod lsof lspci lsscsi lsusb lzcat lzma lzop \
    lzopcat makedevs makemime man matchpathcon md5sum mdev mesg microcom mim minips mkdir mkdosfs mke2fs mkfifo \
    mkfs.ext2 mkfs.ext3 mkfs.minix mkfs.reiser mkfs.vfat mknod mkpasswd mkswap mktemp modinfo modprobe more \
    mount mountpoint mpstat msh mt mv nameif nanddump nandwrite nbd-client nc netcat netstat nice nl nmeter \
    nohup nologin nproc nsenter nslookup ntpd nuke od openvt partprobe passwd paste patch pgrep pidof ping ping6 \
    pipe_progress pivot_root pkill pmap popmaildir poweroff powertop printf ps pscan pstree pwd pwdx raidautorun \
    rdate rdev readahead readlink readprofile realpath reboot reformime remove-shell renice reset resize \
    restorecon resume rev rfkill rm rmdir rmmod route rpm rpm2cpio rtcwake run-init run-parts runcon runlevel \
    runsv runsvdir rx script scriptreplay sed seedrng selinuxenabled sendmail seq sestatus setarch setconsole \
    setenforce setfattr setfiles setfont setkeycodes setlogcons setpriv setserial setsid setuidgid sh sha1sum \
    sha224sum sha256sum sha384sum sha3sum sha512sum showkey shred shuf slattach sleep smemcap softlimit sort \
    split ssl_client start-stop-daemon stat strings stty su sulogin sum sv svc svlogd svok swapoff swapon \
    switch_root sync sysctl syslogd tac tail tar taskset tc tcpsvd tee telnet telnetd test tftp time timeout top \
    touch tr traceroute traceroute6 tree true truncate ts tty tunctl tune2fs ubiattach ubidetach ubimkvol \
    ubirename ubirmvol ubirsvol ubiupdatevol udhcpc udhcpc6 udhcpd udpsvd uevent umount uname uncompress \
    unexpand uniq unit unix2dos unlink unlzma unlzop unshare unxz unzip uptime users usleep uudecode uuencode \
    vconfig vi vlock volname w wall watch watchdog wc wget which who whoami whois xargs xxd xz xzcat yes zcat \
    zcip";

#[cfg(test)]
mod tests {
    use super::{is_applet, is_plain, line};

    fn told(words: &str) -> Option<String> {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        line(&words).map(str::to_owned)
    }

    #[test]
    fn the_line_is_the_first_word_behind_the_options() {
        for words in ["-c x", "-ec x", "-e -c x y", "-c -e x", "-c -- x", "-ce -u -- x -y"] {
            assert_eq!(told(words).as_deref(), Some("x"), "{words}");
        }
    }

    #[test]
    fn a_shell_that_does_more_or_something_else_is_left_alone() {
        for words in ["x", "-- x", "-e x", "-lc x", "-ic x", "-l -c x", "--login -c x", "-nc x", "+x -c x", "-c +e x"] {
            assert_eq!(told(words), None, "{words}");
        }
        for words in ["-c", "-c --", "- x", "-c - x", "-o pipefail -c x", "-c -o posix x", "--norc -c x", ""] {
            assert_eq!(told(words), None, "{words}");
        }
    }

    #[test]
    fn an_environment_may_bring_files_functions_and_options() {
        let plain = |pair: &str| is_plain(&["PATH=/bin".to_owned(), pair.to_owned()]);
        for pair in ["HOME=/", "ENV=", "BASH=/bin/bash", "odd"] {
            assert!(plain(pair), "{pair}");
        }
        for pair in ["BASH_ENV=/x", "ENV=/x", "SHELLOPTS=noexec", "BASH_FUNC_hello%%=() { :; }", "hello=() { :; }"] {
            assert!(!plain(pair), "{pair}");
        }
    }

    #[test]
    fn busyboxs_tools_are_known_by_name() {
        assert!(["ash", "xargs", "base64", "vi", "["].iter().all(|name| is_applet(name)));
        assert!(!["python3", "java", "", "hello"].iter().any(|name| is_applet(name)));
    }
}
